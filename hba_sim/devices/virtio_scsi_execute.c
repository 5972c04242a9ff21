/* SPDX-License-Identifier: MIT */
/* Execution of one request; see virtio_scsi_execute.h. */
#include "hba_sim/devices/virtio_scsi_execute.h"

#include <errno.h>
#include <string.h>

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

int virtio_scsi_execute(struct scsi_target *target, const struct virtqueue *queue, const struct sim_phys *phys,
			const struct due_entry *entry, uint32_t *written_bytes)
{
	struct virtqueue_chain chain;
	int err = virtqueue_resolve(queue, phys, entry->head, &chain);

	if (err)
		return err;
	if (entry->queue == VIRTIO_SCSI_QUEUE_CONTROL)
		return execute_control(&chain, written_bytes);
	return execute_request(target, &chain, written_bytes);
}
