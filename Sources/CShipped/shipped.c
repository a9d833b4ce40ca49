// Embeds the files with C23's #embed: no generated code, and a change of a file rebuilds this one.
// A file is one #embed and one line of the table, in the order of the paths.
#include "CShipped.h"

#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char bizclock_yaml[] = {
#embed "../../deploy/bizclock.yaml"
};
static const unsigned char calendars_cn[] = {
#embed "../../deploy/calendars/cn.csv"
};
static const unsigned char policy_yaml[] = {
#embed "../../deploy/policy.yaml"
};

#define FILE_ENTRY(path, name) {path, name, sizeof name}

const struct shipped_file shipped_files[] = {
    FILE_ENTRY("deploy/bizclock.yaml", bizclock_yaml),
    FILE_ENTRY("deploy/calendars/cn.csv", calendars_cn),
    FILE_ENTRY("deploy/policy.yaml", policy_yaml),
};

const size_t shipped_file_count = sizeof shipped_files / sizeof *shipped_files;
