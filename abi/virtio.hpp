// Virtio 1.2 as Tiffin uses it (OASIS "Virtual I/O Device (VIRTIO) Version 1.2"): the numbers that a client's driver, the hypervisor
// and a server agree on. Little-endian.
#pragma once
#include <cstdint>

namespace tiffin::abi::virtio {

/// Device ids ("Device Types") of those that a description can name.
enum class Type : std::uint32_t { Net = 1, Block = 2, Console = 3, Rng = 4, Gpu = 16, Input = 18, Vsock = 19, Sound = 25 };

/// "Device Status Field".
enum Status : std::uint32_t {
    acknowledge = 1,
    driver = 2,
    driver_ok = 4,
    features_ok = 8,
    needs_reset = 64,
    failed = 128,
};

/// Feature bits of the transport and the rings ("Reserved Feature Bits"), which the hypervisor itself offers for every device.
inline constexpr std::uint64_t ring_indirect = 1ull << 28, ring_event_index = 1ull << 29, version_1 = 1ull << 32;
inline constexpr std::uint64_t transport_features = ring_indirect | ring_event_index | version_1;
/// Of a device that reaches memory through the board's IOMMU (VIRTIO_F_ACCESS_PLATFORM).
inline constexpr std::uint64_t access_platform = 1ull << 33;
/// Bits 24 to 40 are the transport's and the rings': a server offers none of them.
inline constexpr std::uint64_t reserved_features = 0x1ff'ff00'0000;

/// "MMIO Device Register Layout", version 2.
namespace mmio {
inline constexpr std::uint32_t magic = 0x7472'6976;   // "virt"
inline constexpr std::uint32_t vendor = 0x4e46'4954;  // "TIFN"
enum Register : std::uint32_t {
    MagicValue = 0x000,
    Version = 0x004,
    DeviceId = 0x008,
    VendorId = 0x00c,
    DeviceFeatures = 0x010,
    DeviceFeaturesSel = 0x014,
    DriverFeatures = 0x020,
    DriverFeaturesSel = 0x024,
    QueueSel = 0x030,
    QueueNumMax = 0x034,
    QueueNum = 0x038,
    QueueReady = 0x044,
    QueueNotify = 0x050,
    InterruptStatus = 0x060,
    InterruptAck = 0x064,
    StatusRegister = 0x070,
    QueueDescLow = 0x080,
    QueueDescHigh = 0x084,
    QueueDriverLow = 0x090,
    QueueDriverHigh = 0x094,
    QueueDeviceLow = 0x0a0,
    QueueDeviceHigh = 0x0a4,
    ShmLenLow = 0x0b0,
    ShmLenHigh = 0x0b4,
    ConfigGeneration = 0x0fc,
    Config = 0x100,
};
/// InterruptStatus and InterruptAck.
inline constexpr std::uint32_t used_buffer = 1, configuration_change = 2;
}  // namespace mmio

/// "Virtio Over PCI Bus".
namespace pci {
inline constexpr std::uint32_t vendor = 0x1af4;
/// 31:16 device, 15:0 vendor, of a modern one.
constexpr std::uint32_t id_of(Type type) { return (0x1040 + static_cast<std::uint32_t>(type)) << 16 | vendor; }
/// `cfg_type` of a "Virtio Structure PCI Capability": in bits 31:24 of its first word.
enum class Structure : std::uint8_t { Common = 1, Notify = 2, Isr = 3, Device = 4 };
/// Words of such a capability.
inline constexpr std::uint32_t bar_at = 4, offset_at = 8, length_at = 12, notify_multiplier_at = 16;
/// "Common configuration structure layout".
enum Register : std::uint32_t {
    DeviceFeatureSelect = 0x00,
    DeviceFeature = 0x04,
    DriverFeatureSelect = 0x08,
    DriverFeature = 0x0c,
    ConfigMsixVector = 0x10,
    DeviceStatus = 0x14,
    QueueSelect = 0x16,
    QueueSize = 0x18,
    QueueMsixVector = 0x1a,
    QueueEnable = 0x1c,
    QueueNotifyOff = 0x1e,
    QueueDesc = 0x20,
    QueueDriver = 0x28,
    QueueDevice = 0x30,
    CommonBytes = 0x38,
};
}  // namespace pci

/// "The Virtqueue Descriptor Table".
struct Descriptor {
    std::uint64_t address;
    std::uint32_t length;
    std::uint16_t flags;
    std::uint16_t next;
};
static_assert(sizeof(Descriptor) == 16);
inline constexpr std::uint16_t descriptor_next = 1, descriptor_write = 2, descriptor_indirect = 4;
/// "The Virtqueue Available Ring" and "The Virtqueue Used Ring": `flags` of both.
inline constexpr std::uint16_t no_interrupt = 1, no_notify = 1;

struct UsedElement {
    std::uint32_t id, length;
};

/// Block Device: request types, status bytes, feature bits.
namespace block {
inline constexpr std::uint32_t in = 0, out = 1, flush = 4, get_id = 8;
inline constexpr std::uint8_t ok = 0, io_error = 1, unsupported = 2;
inline constexpr std::uint64_t has_segment_max = 1ull << 2, read_only = 1ull << 5, has_block_size = 1ull << 6,
                               can_flush = 1ull << 9;
struct Request {
    std::uint32_t type, reserved;
    std::uint64_t sector;  // of 512 bytes
};
/// Offsets in the configuration space.
inline constexpr std::uint32_t capacity_at = 0, segment_max_at = 12, block_size_at = 20;
}  // namespace block

/// Network Device.
namespace net {
inline constexpr std::uint64_t has_mac = 1ull << 5, has_status = 1ull << 16;
inline constexpr std::uint32_t receive_queue = 0, transmit_queue = 1;
inline constexpr std::uint32_t mac_at = 0, status_at = 6;
inline constexpr std::uint16_t link_up = 1;
inline constexpr std::uint32_t header_bytes = 12;
}  // namespace net

/// Console Device, with several ports.
namespace console {
inline constexpr std::uint64_t has_multiport = 1ull << 1;
inline constexpr std::uint32_t max_ports_at = 4;
inline constexpr std::uint32_t control_receive_queue = 2, control_transmit_queue = 3;
}  // namespace console

/// Socket Device.
namespace vsock {
inline constexpr std::uint32_t receive_queue = 0, transmit_queue = 1, event_queue = 2;
inline constexpr std::uint32_t guest_cid_at = 0;
inline constexpr std::uint64_t host_cid = 2, first_guest_cid = 3;
}  // namespace vsock

/// Sound Device: streams of PCM samples.
namespace sound {
inline constexpr std::uint32_t control_queue = 0, event_queue = 1, transmit_queue = 2, receive_queue = 3, queues = 4;
/// Offsets in the configuration space: how many there are of each.
inline constexpr std::uint32_t jacks_at = 0, streams_at = 4, channel_maps_at = 8;
/// Behind what the specification says of it: how loud the description has this client, in percent. For the server.
inline constexpr std::uint32_t volume_at = 16;
/// `code` of a control request, in its first four bytes.
enum class Code : std::uint32_t {
    JackInfo = 1,
    JackRemap = 2,
    PcmInfo = 0x100,
    PcmSetParams = 0x101,
    PcmPrepare = 0x102,
    PcmRelease = 0x103,
    PcmStart = 0x104,
    PcmStop = 0x105,
    ChannelMapInfo = 0x200,
};
/// Of an answer, and of a PcmStatus.
enum class Status : std::uint32_t { Ok = 0x8000, BadMessage = 0x8001, NotSupported = 0x8002, IoError = 0x8003 };

/// Asks for `count` items from `first` on, of `size` bytes each.
struct QueryInfo {
    Code code;
    std::uint32_t first, count, size;
};
/// Any other request of a stream.
struct PcmRequest {
    Code code;
    std::uint32_t stream;
};
struct PcmSetParams {
    PcmRequest request;
    std::uint32_t buffer_bytes, period_bytes, features;
    std::uint8_t channels, format, rate, padding;
};
static_assert(sizeof(PcmSetParams) == 24);

struct PcmInfo {
    std::uint32_t function_node;  // of High Definition Audio: groups streams, channel maps and jacks
    std::uint32_t features;
    std::uint64_t formats, rates;  // a bit for each
    std::uint8_t direction, channels_min, channels_max, padding[5];
};
static_assert(sizeof(PcmInfo) == 32);
inline constexpr std::uint8_t output = 0, input = 1;            // direction
inline constexpr std::uint8_t format_s16 = 5, rate_48000 = 7;   // of PcmSetParams
inline constexpr std::uint8_t front_left = 3, front_right = 4;  // positions of ChannelMapInfo
struct ChannelMapInfo {
    std::uint32_t function_node;
    std::uint8_t direction, channels, positions[18];
};
static_assert(sizeof(ChannelMapInfo) == 24);

/// First in a buffer of the transmit queue, before the samples; and last in it.
struct PcmTransfer {
    std::uint32_t stream;
};
struct PcmStatus {
    Status status;
    std::uint32_t latency_bytes;  // until the samples are heard
};
}  // namespace sound

/// GPU Device: a screen, 2D.
namespace gpu {
inline constexpr std::uint32_t control_queue = 0, cursor_queue = 1, queues = 2;
/// Offsets in the configuration space.
inline constexpr std::uint32_t events_at = 0, events_clear_at = 4, scanouts_at = 8, capability_sets_at = 12;
/// An event: what GetDisplayInfo answers has changed.
inline constexpr std::uint32_t event_display = 1;
/// Behind what the specification says of it: where on the board's screen the description has this client's. For the server.
inline constexpr std::uint32_t window_at = 16;
struct Window {
    std::uint16_t x, y, width, height;  // pixels
    std::uint8_t on_top;                // 1: no other client's lies above it
    std::uint8_t kept;                  // what the server wants to know in its next life; 0 in the plan
    std::uint8_t padding[6];
};
static_assert(sizeof(Window) == 16);
/// And the client's name in the description, of up to 31 letters; zeros behind it. For the server.
inline constexpr std::uint32_t owner_at = 32, owner_size = 32;

/// `type` of a request, and of an answer.
enum class Code : std::uint32_t {
    GetDisplayInfo = 0x100,
    ResourceCreate2d = 0x101,
    ResourceUnref = 0x102,
    SetScanout = 0x103,
    ResourceFlush = 0x104,
    TransferToHost2d = 0x105,
    ResourceAttachBacking = 0x106,  // entries that name memory follow it
    ResourceDetachBacking = 0x107,
    UpdateCursor = 0x300,
    MoveCursor = 0x301,
    OkNoData = 0x1100,
    OkDisplayInfo = 0x1101,
    ErrorUnspecified = 0x1200,
    ErrorOutOfMemory = 0x1201,
    ErrorInvalidScanout = 0x1202,
    ErrorInvalidResource = 0x1203,
    ErrorInvalidParameter = 0x1205,
};
inline constexpr std::uint32_t fenced = 1;  // flag: the answer has the fence_id of its request

struct Header {
    Code type;
    std::uint32_t flags;
    std::uint64_t fence_id;
    std::uint32_t context_id, padding;
};
static_assert(sizeof(Header) == 24);
struct Rectangle {
    std::uint32_t x, y, width, height;
};
inline constexpr std::uint32_t max_scanouts = 16;
struct DisplayInfo {
    Header header;
    struct {
        Rectangle place;
        std::uint32_t enabled, flags;
    } scanouts[max_scanouts];
};
static_assert(sizeof(DisplayInfo) == 408);
/// Bytes of a pixel in memory, the first one named first; X is nothing, A how much it covers.
enum class Format : std::uint32_t { B8G8R8A8 = 1, B8G8R8X8 = 2 };
struct ResourceCreate2d {
    Header header;
    std::uint32_t resource_id;
    Format format;
    std::uint32_t width, height;
};
/// ResourceUnref, ResourceDetachBacking.
struct OfResource {
    Header header;
    std::uint32_t resource_id, padding;
};
struct SetScanout {
    Header header;
    Rectangle part;  // of the resource
    std::uint32_t scanout, resource_id;
};
struct ResourceFlush {
    Header header;
    Rectangle part;
    std::uint32_t resource_id, padding;
};
struct TransferToHost2d {
    Header header;
    Rectangle part;
    std::uint64_t offset;
    std::uint32_t resource_id, padding;
};
struct AttachBacking {
    Header header;
    std::uint32_t resource_id, entries;
};
struct MemoryEntry {
    std::uint64_t address;
    std::uint32_t length, padding;
};
/// UpdateCursor takes all of it; MoveCursor the position.
struct Cursor {
    Header header;
    std::uint32_t scanout, x, y, padding;
    std::uint32_t resource_id, hot_x, hot_y, padding_2;
};
static_assert(sizeof(Cursor) == 56);
inline constexpr std::uint32_t cursor_size = 64;  // pixels each way
}  // namespace gpu

/// Input Device. Its events are those of Linux ("Event codes", Documentation/input/event-codes.rst).
namespace input {
inline constexpr std::uint32_t event_queue = 0, status_queue = 1, queues = 2;
/// The configuration space ("Device configuration layout"): the driver selects what it reads of it.
inline constexpr std::uint32_t select_at = 0, subsel_at = 1, size_at = 2, bytes_at = 8, config_end = 136;
/// What it can select.
inline constexpr std::uint8_t id_name = 1, id_devids = 3, event_bits = 0x11;
/// `type` of an event.
inline constexpr std::uint16_t event_synchronise = 0, event_key = 1, event_repeat = 0x14;
/// Codes of keys that Tiffin's keyboards have: KEY_ESC to KEY_MICMUTE, without the buttons of mice and pads.
inline constexpr std::uint16_t first_key = 1, last_key = 248;
/// `value` of a key's event.
inline constexpr std::uint32_t released = 0, pressed = 1, repeated = 2;
struct Event {
    std::uint16_t type, code;
    std::uint32_t value;
};
static_assert(sizeof(Event) == 8);
}  // namespace input

}  // namespace tiffin::abi::virtio
