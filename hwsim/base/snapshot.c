#include "hwsim/base/snapshot.h"

void snapshot_fail(struct snapshot *snapshot, const char *reason)
{
    if (snapshot->failed) return;
    snapshot->failed = true;
    for (unsigned i = 0; reason[i] && i < sizeof snapshot->reason - 1; i++) snapshot->reason[i] = reason[i];
}

void snapshot_bytes(struct snapshot *snapshot, void *bytes, size_t count)
{
    if (!snapshot->failed && count) snapshot->move(snapshot, bytes, count);
    if (snapshot->failed && snapshot->loading) memset(bytes, 0, count);
}

uint32_t snapshot_count(struct snapshot *snapshot, uint32_t count, uint32_t limit)
{
    SNAPSHOT(snapshot, count);
    if (count <= limit) return count;
    snapshot_fail(snapshot, "it holds more of something than there can be");
    return snapshot->loading ? 0 : count; /* what is saved stays as it is */
}

bool snapshot_bool(struct snapshot *snapshot, bool value)
{
    uint8_t byte = value;
    SNAPSHOT(snapshot, byte);
    return byte & 1;
}

uint64_t snapshot_number(struct snapshot *snapshot, uint64_t value)
{
    SNAPSHOT(snapshot, value);
    return value;
}

void snapshot_section(struct snapshot *snapshot, const char *name)
{
    enum { NAME_BYTES = 8 };
    char wanted[NAME_BYTES] = {0}, found[NAME_BYTES];
    for (unsigned i = 0; name[i] && i < NAME_BYTES; i++) wanted[i] = name[i];
    memcpy(found, wanted, sizeof found);
    SNAPSHOT(snapshot, found);
    if (memcmp(found, wanted, sizeof found) != 0)
        snapshot_fail(snapshot, "its parts do not follow one another as they should");
}
