"""Disks with partition tables, as files (UEFI Specification 2.10, "GUID Partition Table (GPT) Disk Layout" and "Legacy Master Boot Record")."""
import struct
from binascii import crc32

SECTOR = 512


def mbr_entry(kind, first, sectors):
    return struct.pack("<BBBBBBBBII", 0, 0, 0, 0, kind, 0, 0, 0, first, sectors)


def mbr(entries):
    """The first sector; `entries`: (type, first sector, sectors)."""
    return bytes(446) + b"".join(mbr_entry(*e) for e in entries).ljust(64, b"\0") + b"\x55\xaa"


def gpt(sectors, parts):
    """The first 34 sectors of a disk of `sectors`; `parts`: (first sector, sectors)."""
    entries = b"".join(struct.pack("<16s16sQQQ72s", b"\x11" * 16, bytes([n]) * 16, first, first + count - 1, 0, b"")
                       for n, (first, count) in enumerate(parts, 1)).ljust(128 * 128, b"\0")

    def header(crc):
        return struct.pack("<8sIIIIQQQQ16sQIII", b"EFI PART", 0x10000, 92, crc, 0, 1, sectors - 1, 34, sectors - 34, b"\x22" * 16, 2, 128, 128,
                           crc32(entries))

    return mbr([(0xEE, 1, sectors - 1)]) + header(crc32(header(0))).ljust(SECTOR, b"\0") + entries


def write(path, sectors, table, fill=b"\xa5"):
    """A disk of `sectors` full of `fill` behind its table."""
    path.write_bytes(table + fill * (sectors * SECTOR - len(table)))
    return path
