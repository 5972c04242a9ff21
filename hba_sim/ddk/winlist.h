/* SPDX-License-Identifier: MIT */
/*
 * Intrusive lists as drivers use them: LIST_ENTRY, circular and doubly linked
 * through a head, and SINGLE_LIST_ENTRY, a stack. None of the operations
 * locks: the caller holds whatever lock protects the list. Legal at any IRQL.
 *
 * Source: Microsoft's public DDI reference, "Singly and Doubly Linked Lists".
 */
#ifndef STORSYNC_HBA_SIM_DDK_WINLIST_H
#define STORSYNC_HBA_SIM_DDK_WINLIST_H

#include "hba_sim/ddk/wintypes.h"

typedef struct _LIST_ENTRY {
	struct _LIST_ENTRY *Flink;
	struct _LIST_ENTRY *Blink;
} LIST_ENTRY, *PLIST_ENTRY;

typedef struct _SINGLE_LIST_ENTRY {
	struct _SINGLE_LIST_ENTRY *Next;
} SINGLE_LIST_ENTRY, *PSINGLE_LIST_ENTRY;

/* Make the head of an empty list: both links point at the head itself. */
FORCEINLINE VOID InitializeListHead(PLIST_ENTRY ListHead)
{
	ListHead->Flink = ListHead;
	ListHead->Blink = ListHead;
}

FORCEINLINE BOOLEAN IsListEmpty(const LIST_ENTRY *ListHead)
{
	return ListHead->Flink == ListHead;
}

FORCEINLINE VOID InsertHeadList(PLIST_ENTRY ListHead, PLIST_ENTRY Entry)
{
	PLIST_ENTRY first = ListHead->Flink;

	Entry->Flink = first;
	Entry->Blink = ListHead;
	first->Blink = Entry;
	ListHead->Flink = Entry;
}

FORCEINLINE VOID InsertTailList(PLIST_ENTRY ListHead, PLIST_ENTRY Entry)
{
	PLIST_ENTRY last = ListHead->Blink;

	Entry->Flink = ListHead;
	Entry->Blink = last;
	last->Flink = Entry;
	ListHead->Blink = Entry;
}

/* Unlink an entry; TRUE if its list is empty afterwards. */
FORCEINLINE BOOLEAN RemoveEntryList(PLIST_ENTRY Entry)
{
	PLIST_ENTRY next = Entry->Flink;
	PLIST_ENTRY previous = Entry->Blink;

	previous->Flink = next;
	next->Blink = previous;
	return next == previous;
}

/* Unlink and return the first entry. On an empty list: the head, unchanged. */
FORCEINLINE PLIST_ENTRY RemoveHeadList(PLIST_ENTRY ListHead)
{
	PLIST_ENTRY entry = ListHead->Flink;

	RemoveEntryList(entry);
	return entry;
}

/* Unlink and return the last entry. On an empty list: the head, unchanged. */
FORCEINLINE PLIST_ENTRY RemoveTailList(PLIST_ENTRY ListHead)
{
	PLIST_ENTRY entry = ListHead->Blink;

	RemoveEntryList(entry);
	return entry;
}

/*
 * Splice the entries of a list at the tail of another. `ListToAppend` is the
 * first of a ring of entries without a head of their own.
 */
FORCEINLINE VOID AppendTailList(PLIST_ENTRY ListHead, PLIST_ENTRY ListToAppend)
{
	PLIST_ENTRY last = ListHead->Blink;

	ListHead->Blink->Flink = ListToAppend;
	ListHead->Blink = ListToAppend->Blink;
	ListToAppend->Blink->Flink = ListHead;
	ListToAppend->Blink = last;
}

/* Take the top of the stack; NULL if it is empty. */
FORCEINLINE PSINGLE_LIST_ENTRY PopEntryList(PSINGLE_LIST_ENTRY ListHead)
{
	PSINGLE_LIST_ENTRY top = ListHead->Next;

	if (top != NULL)
		ListHead->Next = top->Next;
	return top;
}

FORCEINLINE VOID PushEntryList(PSINGLE_LIST_ENTRY ListHead,
			       PSINGLE_LIST_ENTRY Entry)
{
	Entry->Next = ListHead->Next;
	ListHead->Next = Entry;
}

#endif /* STORSYNC_HBA_SIM_DDK_WINLIST_H */
