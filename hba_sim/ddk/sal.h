/* SPDX-License-Identifier: MIT */
/*
 * Source annotations of Windows drivers, defined away. Drivers carry them on
 * nearly every parameter; only Microsoft's analyser reads them. Names:
 * Microsoft's public SAL and driver-annotation documentation.
 *
 * The double-underscore forms are also parameter names in a few C library
 * prototypes (arpa/inet.h); a prototype survives losing its parameter's name.
 */
#ifndef STORSYNC_HBA_SIM_DDK_SAL_H
#define STORSYNC_HBA_SIM_DDK_SAL_H

#define IN
#define OUT
#define OPTIONAL

#define _In_
#define _In_opt_
#define _In_z_
#define _In_opt_z_
#define _In_range_(low, high)
#define _In_reads_(count)
#define _In_reads_opt_(count)
#define _In_reads_bytes_(size)
#define _In_reads_bytes_opt_(size)
#define _Out_
#define _Out_opt_
#define _Out_writes_(count)
#define _Out_writes_opt_(count)
#define _Out_writes_bytes_(size)
#define _Out_writes_bytes_opt_(size)
#define _Outptr_
#define _Outptr_opt_
#define _Outptr_result_maybenull_
#define _Inout_
#define _Inout_opt_
#define _Inout_updates_(count)
#define _Inout_updates_bytes_(size)
#define _Inout_updates_bytes_opt_(size)
#define _Inout_updates_bytes_to_(size, count)
#define _Inout_updates_z_(count)
#define _In_reads_or_z_(count)
#define _In_reads_or_z_opt_(count)
#define _Reserved_
#define _Pre_
#define _Post_
#define _Post_invalid_
#define _Post_writable_byte_size_(size)
#define _Notnull_
#define _Maybenull_
#define _Null_terminated_
#define _Success_(expr)
#define _When_(expr, annotations)
#define _At_(target, annotations)
#define _Check_return_
#define _Must_inspect_result_
#define _Ret_maybenull_
#define _Ret_notnull_
#define _Field_size_(count)
#define _Field_size_bytes_(size)
#define _Field_size_bytes_full_(size)
#define _Field_range_(low, high)
#define _Struct_size_bytes_(size)
#define _Printf_format_string_
#define _Use_decl_annotations_
#define _Function_class_(name)
#define _Analysis_assume_(expr)
#define __analysis_assume(expr)

#define _IRQL_requires_(irql)
#define _IRQL_requires_max_(irql)
#define _IRQL_requires_min_(irql)
#define _IRQL_requires_same_
#define _IRQL_raises_(irql)
#define _IRQL_saves_
#define _IRQL_saves_global_(kind, target)
#define _IRQL_restores_
#define _IRQL_restores_global_(kind, target)
#define _Acquires_lock_(lock)
#define _Releases_lock_(lock)
#define _Requires_lock_held_(lock)
#define _Requires_lock_not_held_(lock)
#define _Interlocked_operand_

#define __in
#define __in_opt
#define __in_z
#define __in_ecount(count)
#define __in_bcount(size)
#define __in_bcount_opt(size)
#define __out
#define __out_opt
#define __out_ecount(count)
#define __out_bcount(size)
#define __out_bcount_opt(size)
#define __inout
#define __inout_opt
#define __inout_bcount(size)
#define __inout_bcount_opt(size)
#define __checkReturn
#define __drv_aliasesMem

#endif /* STORSYNC_HBA_SIM_DDK_SAL_H */
