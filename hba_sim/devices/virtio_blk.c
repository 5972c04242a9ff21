/* SPDX-License-Identifier: MIT */
/*
 * A virtio block device: one disk, which is LUN 0, by sectors.  All but what its requests mean is
 * virtio_device.c's.
 *
 * Source: OASIS "Virtual I/O Device (VIRTIO) Version 1.2", 5.2.
 */
#include <errno.h>
#include <string.h>

#include "hba_sim/devices/lun.h"
#include "hba_sim/devices/virtio_device.h"

/* A request taken apart, however the driver has cut it: header, data, and a status byte at the very end. */
struct request {
	struct virtio_blk_header header;
	struct sim_iov *out;
	unsigned outs;
	struct sim_iov *in;
	unsigned ins;
	uint8_t *status;
};

/* Takes the first bytes off what the device reads. */
static bool take_header(struct virtqueue_chain *chain, struct request *request)
{
	size_t left = sizeof(request->header);
	struct sim_iov *segment = chain->segment;
	struct sim_iov *end = segment + chain->readable;

	for (; segment < end && left; segment++) {
		size_t part = segment->bytes < left ? segment->bytes : left;

		memcpy((char *)&request->header + sizeof(request->header) - left, segment->base, part);
		segment->base = (char *)segment->base + part;
		segment->bytes -= part;
		left -= part;
		if (segment->bytes)
			break;
	}
	request->out = segment;
	request->outs = (unsigned)(end - segment);
	return !left;
}

/* Takes the last byte off what it writes; segments without any may follow it. */
static bool take_status(struct virtqueue_chain *chain, struct request *request)
{
	struct sim_iov *in = &chain->segment[chain->readable];
	unsigned ins = chain->writable;

	while (ins && !in[ins - 1].bytes)
		ins--;
	if (!ins)
		return false;
	in[ins - 1].bytes--;
	request->status = (uint8_t *)in[ins - 1].base + in[ins - 1].bytes;
	request->in = in;
	request->ins = ins;
	return true;
}

static uint8_t get_id(const struct request *request, uint32_t *written_bytes)
{
	char id[VIRTIO_BLK_ID_BYTES] = "STORSYNC RAM LUN 0";
	struct sim_iov_cursor cursor = sim_iov_begin(request->in, request->ins);

	*written_bytes += (uint32_t)sim_iov_scatter(&cursor, id, sizeof(id));
	return VIRTIO_BLK_S_OK;
}

/* Whole sectors, within the disk. */
static uint8_t transfer(struct lun *lun, const struct request *request, uint32_t *written_bytes)
{
	bool is_read = request->header.type == VIRTIO_BLK_T_IN;
	const struct sim_iov *iov = is_read ? request->in : request->out;
	unsigned n = is_read ? request->ins : request->outs;
	size_t bytes = sim_iov_total(iov, n);
	uint64_t sectors = bytes / VIRTIO_BLK_SECTOR_BYTES;
	int err;

	if (bytes % VIRTIO_BLK_SECTOR_BYTES || bytes > UINT32_MAX - 1)
		return VIRTIO_BLK_S_IOERR;
	err = is_read ? lun_read(lun, request->header.sector, sectors, iov, n) : lun_write(lun, request->header.sector, sectors, iov, n);
	if (err)
		return VIRTIO_BLK_S_IOERR;
	if (is_read)
		*written_bytes += (uint32_t)bytes;
	return VIRTIO_BLK_S_OK;
}

static int execute(struct virtio_device *device, unsigned queue, struct virtqueue_chain *chain, uint32_t *written_bytes)
{
	struct request request;

	if (!take_header(chain, &request) || !take_status(chain, &request))
		return -EINVAL;
	*written_bytes = 1;
	switch (request.header.type) {
	case VIRTIO_BLK_T_IN:
	case VIRTIO_BLK_T_OUT:
		*request.status = transfer(scsi_target_lun(device->params.target, 0), &request, written_bytes);
		break;
	case VIRTIO_BLK_T_FLUSH:
		*request.status = VIRTIO_BLK_S_OK;
		break;
	case VIRTIO_BLK_T_GET_ID:
		*request.status = get_id(&request, written_bytes);
		break;
	default:
		*request.status = VIRTIO_BLK_S_UNSUPP;
		break;
	}
	return 0;
}

/* It knows one way to fail. */
static int refuse(struct virtqueue_chain *chain, enum fault_kind kind, uint32_t *written_bytes)
{
	struct request request;

	if (kind != FAULT_ERROR || !take_status(chain, &request))
		return -EINVAL;
	*request.status = VIRTIO_BLK_S_IOERR;
	*written_bytes = 1;
	return 0;
}

#define FEATURES (VIRTIO_BLK_F_SEG_MAX | VIRTIO_BLK_F_BLK_SIZE | VIRTIO_BLK_F_FLUSH)

static const struct virtio_kind one_queue = {
	.name = "virtio-blk",
	.type = 2,
	.legacy_id = 0x1001,
	.features = FEATURES,
	.execute = execute,
	.refuse = refuse,
};

static const struct virtio_kind several_queues = {
	.name = "virtio-blk",
	.type = 2,
	.legacy_id = 0x1001,
	.features = FEATURES | VIRTIO_BLK_F_MQ,
	.execute = execute,
	.refuse = refuse,
};

static int init(struct sim_device *device, struct sim_machine *machine, const struct device_params *params, uint8_t dirql)
{
	const struct lun *lun = scsi_target_lun(params->target, 0);
	const struct virtio_blk_config config = {
		.capacity = lun ? lun_blocks(lun) : 0,
		.seg_max = VIRTQUEUE_SEGMENTS_MAX - 2,
		.blk_size = VIRTIO_BLK_SECTOR_BYTES,
		.num_queues = (uint16_t)(params->queues ? params->queues : 1),
	};

	if (!lun)
		return -EINVAL;
	return virtio_device_init(virtio_device_of(device), machine, params, dirql, params->queues > 1 ? &several_queues : &one_queue,
				  &config, sizeof(config));
}

const struct device_model device_model_virtio_blk = {
	.name = "virtio-blk",
	.summary = "a block device: one disk, read and written by sectors",
	.source = "OASIS Virtual I/O Device (VIRTIO) 1.2, 5.2",
	.miniport = "virtio-blk",
	.single_lun = true,
	.init = init,
	VIRTIO_DEVICE_MEMBERS,
};
