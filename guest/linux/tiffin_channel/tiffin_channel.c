// SPDX-License-Identifier: GPL-2.0
/*
 * Channels of the Tiffin hypervisor (docs/channels.md): memory and doorbells shared with another VM.
 *
 * Each `tiffin,channel` node of the device tree becomes /dev/tiffin-NAME, where NAME is what the device description calls it:
 *
 *   read   waits for a doorbell; gives the count of doorbells so far, 4 bytes (as UIO does)
 *   poll   readable when there has been a doorbell since the last read
 *   write  rings at the peer, whatever is written
 *   mmap   offset 0: the shared memory. A writable mapping must lie in this side's own half: stage 2 lets it write no other
 *
 * and its sysfs folder says `side` (0: the lower half is this side's own), `size`, `peer`, and `peer_state`: "running" or "stopped", and how
 * often the peer has started anew.
 */
#include <linux/fs.h>
#include <linux/interrupt.h>
#include <linux/io.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/of.h>
#include <linux/platform_device.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/version.h>

/* Registers of a channel's doorbell page. */
#define DOORBELL_RING 0x0
#define DOORBELL_PEER 0x4
#define PEER_RUNNING BIT(0)
#define PEER_RESTARTS_SHIFT 8

struct tiffin_channel {
	struct miscdevice misc;
	struct resource *memory;
	void __iomem *doorbell;
	const char *peer;
	u32 side;
	atomic_t rings;
	wait_queue_head_t wait;
};

struct tiffin_reader {
	struct tiffin_channel *channel;
	u32 seen;
};

static irqreturn_t tiffin_channel_rung(int irq, void *data)
{
	struct tiffin_channel *channel = data;

	atomic_inc(&channel->rings);
	wake_up_interruptible(&channel->wait);
	return IRQ_HANDLED;
}

static int tiffin_channel_open(struct inode *inode, struct file *file)
{
	struct tiffin_reader *reader = kzalloc(sizeof(*reader), GFP_KERNEL);

	if (!reader)
		return -ENOMEM;
	reader->channel = container_of(file->private_data, struct tiffin_channel, misc);
	file->private_data = reader;
	return 0;
}

static int tiffin_channel_release(struct inode *inode, struct file *file)
{
	kfree(file->private_data);
	return 0;
}

static ssize_t tiffin_channel_read(struct file *file, char __user *to, size_t size, loff_t *at)
{
	struct tiffin_reader *reader = file->private_data;
	struct tiffin_channel *channel = reader->channel;
	u32 rings;

	if (size != sizeof(rings))
		return -EINVAL;
	while ((rings = atomic_read(&channel->rings)) == reader->seen) {
		if (file->f_flags & O_NONBLOCK)
			return -EAGAIN;
		if (wait_event_interruptible(channel->wait, atomic_read(&channel->rings) != reader->seen))
			return -ERESTARTSYS;
	}
	if (copy_to_user(to, &rings, sizeof(rings)))
		return -EFAULT;
	reader->seen = rings;
	return sizeof(rings);
}

static ssize_t tiffin_channel_write(struct file *file, const char __user *from, size_t size, loff_t *at)
{
	struct tiffin_reader *reader = file->private_data;

	writel(1, reader->channel->doorbell + DOORBELL_RING);	/* orders what was written to the memory before it */
	return size;
}

static __poll_t tiffin_channel_poll(struct file *file, poll_table *table)
{
	struct tiffin_reader *reader = file->private_data;

	poll_wait(file, &reader->channel->wait, table);
	return atomic_read(&reader->channel->rings) != reader->seen ? EPOLLIN | EPOLLRDNORM : 0;
}

static void tiffin_channel_forbid(struct vm_area_struct *vma, unsigned long flags)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 3, 0)
	vm_flags_clear(vma, flags);
#else
	vma->vm_flags &= ~flags;
#endif
}

static int tiffin_channel_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct tiffin_channel *channel = ((struct tiffin_reader *)file->private_data)->channel;
	resource_size_t size = resource_size(channel->memory), half = size / 2;
	resource_size_t offset = (resource_size_t)vma->vm_pgoff << PAGE_SHIFT;
	resource_size_t length = vma->vm_end - vma->vm_start;

	if (vma->vm_pgoff > size >> PAGE_SHIFT || length > size - offset)
		return -EINVAL;
	if (vma->vm_flags & VM_EXEC)
		return -EACCES;
	tiffin_channel_forbid(vma, VM_MAYEXEC);
	if (offset < channel->side * half || offset + length > (channel->side + 1) * half) {
		if (vma->vm_flags & VM_WRITE)
			return -EACCES;
		tiffin_channel_forbid(vma, VM_MAYWRITE);
	}
	/* Cacheable, as the peer maps it. */
	return remap_pfn_range(vma, vma->vm_start, (channel->memory->start + offset) >> PAGE_SHIFT, length, vma->vm_page_prot);
}

static const struct file_operations tiffin_channel_operations = {
	.owner = THIS_MODULE,
	.open = tiffin_channel_open,
	.release = tiffin_channel_release,
	.read = tiffin_channel_read,
	.write = tiffin_channel_write,
	.poll = tiffin_channel_poll,
	.mmap = tiffin_channel_mmap,
	.llseek = noop_llseek,
};

static struct tiffin_channel *channel_of(struct device *dev)
{
	return container_of(dev_get_drvdata(dev), struct tiffin_channel, misc);
}

static ssize_t side_show(struct device *dev, struct device_attribute *attr, char *to)
{
	return sysfs_emit(to, "%u\n", channel_of(dev)->side);
}
static DEVICE_ATTR_RO(side);

static ssize_t size_show(struct device *dev, struct device_attribute *attr, char *to)
{
	return sysfs_emit(to, "%llu\n", (unsigned long long)resource_size(channel_of(dev)->memory));
}
static DEVICE_ATTR_RO(size);

static ssize_t peer_show(struct device *dev, struct device_attribute *attr, char *to)
{
	return sysfs_emit(to, "%s\n", channel_of(dev)->peer);
}
static DEVICE_ATTR_RO(peer);

static ssize_t peer_state_show(struct device *dev, struct device_attribute *attr, char *to)
{
	u32 state = readl(channel_of(dev)->doorbell + DOORBELL_PEER);

	return sysfs_emit(to, "%s %u\n", state & PEER_RUNNING ? "running" : "stopped", state >> PEER_RESTARTS_SHIFT);
}
static DEVICE_ATTR_RO(peer_state);

static struct attribute *tiffin_channel_attrs[] = {
	&dev_attr_side.attr, &dev_attr_size.attr, &dev_attr_peer.attr, &dev_attr_peer_state.attr, NULL,
};
ATTRIBUTE_GROUPS(tiffin_channel);

static int tiffin_channel_probe(struct platform_device *pdev)
{
	struct device *dev = &pdev->dev;
	struct tiffin_channel *channel = devm_kzalloc(dev, sizeof(*channel), GFP_KERNEL);
	const char *name;
	int irq, error;

	if (!channel)
		return -ENOMEM;
	channel->memory = platform_get_resource(pdev, IORESOURCE_MEM, 0);
	channel->doorbell = devm_platform_ioremap_resource(pdev, 1);
	if (!channel->memory || IS_ERR(channel->doorbell))
		return channel->memory ? PTR_ERR(channel->doorbell) : -EINVAL;
	if (of_property_read_string(dev->of_node, "tiffin,name", &name) ||
	    of_property_read_string(dev->of_node, "tiffin,peer", &channel->peer) ||
	    of_property_read_u32(dev->of_node, "tiffin,side", &channel->side) || channel->side > 1)
		return dev_err_probe(dev, -EINVAL, "the node lacks tiffin,name, tiffin,peer or tiffin,side\n");
	irq = platform_get_irq(pdev, 0);
	if (irq < 0)
		return irq;
	init_waitqueue_head(&channel->wait);
	error = devm_request_irq(dev, irq, tiffin_channel_rung, 0, dev_name(dev), channel);
	if (error)
		return error;
	channel->misc.minor = MISC_DYNAMIC_MINOR;
	channel->misc.name = devm_kasprintf(dev, GFP_KERNEL, "tiffin-%s", name);
	channel->misc.fops = &tiffin_channel_operations;
	channel->misc.parent = dev;
	channel->misc.groups = tiffin_channel_groups;
	if (!channel->misc.name)
		return -ENOMEM;
	error = misc_register(&channel->misc);
	if (error)
		return error;
	platform_set_drvdata(pdev, channel);
	dev_info(dev, "/dev/%s: %llu KiB with %s, side %u\n", channel->misc.name,
		 (unsigned long long)resource_size(channel->memory) >> 10, channel->peer, channel->side);
	return 0;
}

static const struct of_device_id tiffin_channel_match[] = {
	{ .compatible = "tiffin,channel" },
	{ }
};
MODULE_DEVICE_TABLE(of, tiffin_channel_match);

/*
 * There is no remove: a channel is there as long as the VM is. Unbinding is not offered, so that no open file outlives its device, and the
 * module stays once it has found a channel.
 */
static struct platform_driver tiffin_channel_driver = {
	.probe = tiffin_channel_probe,
	.driver = {
		.name = "tiffin_channel",
		.of_match_table = tiffin_channel_match,
		.suppress_bind_attrs = true,
	},
};
builtin_platform_driver(tiffin_channel_driver);

MODULE_DESCRIPTION("Channels between VMs of the Tiffin hypervisor");
MODULE_LICENSE("GPL");
