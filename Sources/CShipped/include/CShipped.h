#pragma once
#include <stddef.h>

/// A file that travels inside the binary.
struct shipped_file {
  /// Path in the repository, e.g. "sql/0001_ledger.sql".
  const char *path;
  const unsigned char *bytes;
  size_t count;
};

/// All shipped files, in the order of their paths.
extern const struct shipped_file shipped_files[];
extern const size_t shipped_file_count;

/// The first of `shipped_files`, for languages that cannot import an array of unknown length.
static inline const struct shipped_file *shipped_file_table(void) { return shipped_files; }
