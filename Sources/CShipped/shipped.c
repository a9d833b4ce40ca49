// Embeds the files with C23's #embed: no generated code, and a change of a file rebuilds this one.
#include "CShipped.h"

static const unsigned char calendars_cn[] = {
#embed "../../deploy/calendars/cn.csv"
};

#define FILE_ENTRY(path, name) {path, name, sizeof name}

const struct shipped_file shipped_files[] = {
    FILE_ENTRY("deploy/calendars/cn.csv", calendars_cn),
};

const size_t shipped_file_count = sizeof shipped_files / sizeof *shipped_files;
