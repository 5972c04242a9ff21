/* SPDX-License-Identifier: MIT */
/*
 * Request blocks in their extended form, for miniports that ask for it.
 *
 * A request is one block with one address and one command of up to 16 bytes.
 *
 * Source: Microsoft's public DDI reference, STORAGE_REQUEST_BLOCK.
 */
#include <errno.h>
#include <string.h>

#include "hba_sim/port/port_internal.h"

#define PRIORITY_NORMAL 2 /* StorIoPriorityNormal */

C_ASSERT(offsetof(STORAGE_REQUEST_BLOCK, Function) == offsetof(SCSI_REQUEST_BLOCK, Function));
C_ASSERT(offsetof(STORAGE_REQUEST_BLOCK, SrbStatus) == offsetof(SCSI_REQUEST_BLOCK, SrbStatus));

bool port_srb_is_extended(const struct adapter *adapter)
{
	return adapter->port_config.SrbType == SRB_TYPE_STORAGE_REQUEST_BLOCK;
}

int port_srb_check(const struct adapter *adapter, char *error, size_t error_bytes)
{
	if (adapter->port_config.SrbType > SRB_TYPE_STORAGE_REQUEST_BLOCK) {
		snprintf(error, error_bytes, "the miniport's SrbType is %u, which is no type of SRB", adapter->port_config.SrbType);
		return -EINVAL;
	}
	if (port_srb_is_extended(adapter) && !(adapter->hw.SrbTypeFlags & SRB_TYPE_FLAG_STORAGE_REQUEST_BLOCK)) {
		snprintf(error, error_bytes, "the miniport asks for extended SRBs (SrbType), which its SrbTypeFlags do not name");
		return -EINVAL;
	}
	return 0;
}

void port_extended_srb_init(struct port_extended_srb *extended, PVOID srb_extension, PVOID sense)
{
	STORAGE_REQUEST_BLOCK *block = &extended->block;

	memset(extended, 0, sizeof(*extended));
	block->Length = offsetof(STORAGE_REQUEST_BLOCK, Signature);
	block->Function = SRB_FUNCTION_STORAGE_REQUEST_BLOCK;
	block->Signature = SRB_SIGNATURE;
	block->Version = STORAGE_REQUEST_BLOCK_VERSION_1;
	block->SrbLength = sizeof(*extended);
	block->AddressOffset = offsetof(struct port_extended_srb, address);
	block->NumSrbExData = 1;
	block->SrbExDataOffset[0] = offsetof(struct port_extended_srb, command);
	block->MiniportContext = srb_extension;
	extended->address.Type = STOR_ADDRESS_TYPE_BTL8;
	extended->address.AddressLength = STOR_ADDR_BTL8_ADDRESS_LENGTH;
	extended->command.Type = SrbExDataTypeScsiCdb16;
	extended->command.Length = SRBEX_DATA_SCSI_CDB16_LENGTH;
	extended->command.SenseInfoBuffer = sense;
}

void port_extended_srb_prepare(struct port_request *request, uint8_t lun, const void *cdb, uint8_t cdb_bytes, uint32_t flags,
			       uint32_t bytes)
{
	struct port_extended_srb *extended = &request->extended;
	STORAGE_REQUEST_BLOCK *block = &extended->block;

	block->SrbStatus = SRB_STATUS_PENDING;
	block->SrbFunction = SRB_FUNCTION_EXECUTE_SCSI;
	block->SrbFlags = flags | SRB_FLAGS_QUEUE_ACTION_ENABLE;
	block->RequestTag = request->number;
	block->RequestPriority = PRIORITY_NORMAL;
	block->RequestAttribute = SRB_SIMPLE_TAG_REQUEST;
	block->TimeOutValue = 30;
	block->DataTransferLength = bytes;
	block->DataBuffer = request->data;
	block->NextSrb = NULL;
	extended->address.Lun = lun;
	extended->command.ScsiStatus = 0;
	extended->command.SenseInfoBufferLength = sizeof(SENSE_DATA);
	extended->command.CdbLength = cdb_bytes;
	memset(extended->command.Cdb, 0, sizeof(extended->command.Cdb));
	memcpy(extended->command.Cdb, cdb, cdb_bytes);
}
