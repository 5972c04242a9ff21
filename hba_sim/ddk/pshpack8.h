/* SPDX-License-Identifier: MIT */
/* Structures are packed to 8 bytes from here on. The including file says where that ends, with poppack.h; no guard: each inclusion counts. */
#pragma pack(push, 8)
