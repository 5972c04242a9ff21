/* SPDX-License-Identifier: MIT */
/*
 * A virtio SCSI host: what its requests mean.  All else is virtio_device.c's.
 *
 * Source: OASIS "Virtual I/O Device (VIRTIO) Version 1.2", 5.6.
 */
#include <errno.h>
#include <string.h>

#include "hba_sim/devices/virtio_device.h"

/* Single-level LUN addressing: { 1, target, 0x40 | high bits, low bits }; false for a target that is not there. */
static bool decode_lun(const uint8_t lun[8], uint32_t *number)
{
	*number = (uint32_t)(lun[2] & 0x3f) << 8 | lun[3];
	return lun[0] == 1 && lun[1] == 0;
}

static int execute_request(struct scsi_target *target, struct virtqueue_chain *chain, uint32_t *written_bytes)
{
	const struct virtio_scsi_request *request = chain->segment[0].base;
	const struct sim_iov *in = &chain->segment[chain->readable];
	struct virtio_scsi_response *response = in[0].base;
	struct scsi_result result;
	size_t in_bytes;
	uint32_t lun;

	if (chain->readable < 1 || chain->segment[0].bytes < sizeof(*request) || chain->writable < 1 ||
	    in[0].bytes < sizeof(*response))
		return -EINVAL;
	*written_bytes = sizeof(*response);
	memset(response, 0, offsetof(struct virtio_scsi_response, sense));
	if (!decode_lun(request->lun, &lun)) {
		response->response = VIRTIO_SCSI_S_BAD_TARGET;
		return 0;
	}
	scsi_target_execute(target, lun, request->cdb, sizeof(request->cdb), &chain->segment[1], chain->readable - 1, &in[1],
			    chain->writable - 1, &result);
	response->status = result.status;
	response->residual = result.residual_bytes;
	response->sense_bytes = result.sense_bytes;
	memcpy(response->sense, result.sense, result.sense_bytes);
	in_bytes = sim_iov_total(&in[1], chain->writable - 1);
	if (in_bytes > result.residual_bytes)
		*written_bytes += (uint32_t)(in_bytes - result.residual_bytes);
	return 0;
}

/* The response of a request that fails, is refused for now, or finds too many others before it. */
static int refuse(struct virtqueue_chain *chain, enum fault_kind kind, uint32_t *written_bytes)
{
	struct sim_iov *in = &chain->segment[chain->readable];
	struct virtio_scsi_response *response = in[0].base;

	if (chain->writable < 1 || in[0].bytes < sizeof(*response))
		return -EINVAL;
	memset(response, 0, sizeof(*response));
	response->residual = (uint32_t)(sim_iov_total(&in[1], chain->writable - 1) +
					(chain->readable > 1 ? sim_iov_total(&chain->segment[1], chain->readable - 1) : 0));
	response->status = kind == FAULT_BUSY ? SCSI_STATUS_BUSY : kind == FAULT_FULL ? SCSI_STATUS_TASK_SET_FULL : SCSI_STATUS_CHECK_CONDITION;
	if (kind == FAULT_ERROR)
		response->sense_bytes = scsi_sense_put(response->sense, SCSI_KEY_MEDIUM_ERROR, SCSI_ASC_UNRECOVERED_READ_ERROR);
	*written_bytes = sizeof(*response);
	return 0;
}

/* Task management: a reset is complete at once, since nothing outlives its due time in the device; the rest is refused. */
static int execute_control(struct virtqueue_chain *chain, uint32_t *written_bytes)
{
	const struct virtio_scsi_control_request *request = chain->segment[0].base;
	const struct sim_iov *in = &chain->segment[chain->readable];

	if (chain->readable < 1 || chain->segment[0].bytes < sizeof(*request) || chain->writable < 1 || in[0].bytes < 1)
		return -EINVAL;
	*(uint8_t *)in[0].base = request->type == 0 ? VIRTIO_SCSI_S_FUNCTION_COMPLETE : VIRTIO_SCSI_S_FUNCTION_REJECTED;
	*written_bytes = 1;
	return 0;
}

static int execute(struct virtio_device *device, unsigned queue, struct virtqueue_chain *chain, uint32_t *written_bytes)
{
	if (queue == VIRTIO_SCSI_QUEUE_CONTROL)
		return execute_control(chain, written_bytes);
	return execute_request(device->params.target, chain, written_bytes);
}

static const struct virtio_kind kind = {
	.name = "virtio-scsi",
	.type = 8,
	.legacy_id = 0x1004,
	.requests = VIRTIO_SCSI_QUEUE_REQUEST,
	.other_size = 64,
	/* There is never an event, so the buffers for them stay where they are. */
	.ignored = 1u << VIRTIO_SCSI_QUEUE_EVENT,
	.execute = execute,
	.refuse = refuse,
};

static int init(struct sim_device *device, struct sim_machine *machine, const struct device_params *params, uint8_t dirql)
{
	const struct virtio_scsi_config config = {
		.num_queues = params->queues ? params->queues : 1,
		.seg_max = VIRTQUEUE_SEGMENTS_MAX - 2,
		.max_sectors = 0xffff,
		.cmd_per_lun = DEVICE_QUEUE_SIZE / 4,
		.sense_size = VIRTIO_SCSI_SENSE_BYTES,
		.cdb_size = VIRTIO_SCSI_CDB_BYTES,
		/* All that can be addressed, as hypervisors say: drivers take both for numbers of units, or cut them to a byte. */
		.max_target = 255,
		.max_lun = 16383,
	};

	return virtio_device_init(virtio_device_of(device), machine, params, dirql, &kind, &config, sizeof(config));
}

const struct device_model device_model_virtio_scsi = {
	.name = "virtio-scsi",
	.summary = "a SCSI host: requests carry CDBs for any of its LUNs",
	.source = "OASIS Virtual I/O Device (VIRTIO) 1.2, 5.6",
	.miniport = "virtio-scsi",
	.init = init,
	VIRTIO_DEVICE_MEMBERS,
};
