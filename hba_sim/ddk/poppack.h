/* SPDX-License-Identifier: MIT */
/* Structures are packed again as before. The including file says where that began, with a pshpack header; no guard: each inclusion counts. */
#pragma pack(pop)
