#pragma once
#include <stddef.h>

/// A file that travels inside the binary.
struct shipped_file {
  /// Path in the repository, e.g. "sql/0001_ledger.sql".
  const char *path;
  const unsigned char *bytes;
  size_t count;
};

extern const size_t shipped_file_count;

/// All shipped files, `shipped_file_count` of them, in the order of their paths.
const struct shipped_file *shipped_file_table(void);
