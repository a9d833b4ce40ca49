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
static const unsigned char openapi_yaml[] = {
#embed "../../deploy/openapi.yaml"
};
static const unsigned char policy_yaml[] = {
#embed "../../deploy/policy.yaml"
};
static const unsigned char regions_cn_46[] = {
#embed "../../deploy/regions/cn-46.csv"
};
static const unsigned char sql_0001[] = {
#embed "../../sql/0001_ledger.sql"
};
static const unsigned char sql_roles[] = {
#embed "../../sql/roles.sql"
};
static const unsigned char sql_views[] = {
#embed "../../sql/views.sql"
};

#define FILE_ENTRY(path, name) {path, name, sizeof name}

static const struct shipped_file shipped_files[] = {
    FILE_ENTRY("deploy/bizclock.yaml", bizclock_yaml),
    FILE_ENTRY("deploy/calendars/cn.csv", calendars_cn),
    FILE_ENTRY("deploy/openapi.yaml", openapi_yaml),
    FILE_ENTRY("deploy/policy.yaml", policy_yaml),
    FILE_ENTRY("deploy/regions/cn-46.csv", regions_cn_46),
    FILE_ENTRY("sql/0001_ledger.sql", sql_0001),
    FILE_ENTRY("sql/roles.sql", sql_roles),
    FILE_ENTRY("sql/views.sql", sql_views),
};

const size_t shipped_file_count = sizeof shipped_files / sizeof *shipped_files;

const struct shipped_file *shipped_file_table(void) { return shipped_files; }
