#define _GNU_SOURCE
#include "CLinux.h"

#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

int bizclock_renameat2(int from, const char *old, int to, const char *name, unsigned flags) {
  return renameat2(from, old, to, name, flags);
}

int bizclock_leave_no_core(void) {
  struct rlimit none = {0, 0};
  return setrlimit(RLIMIT_CORE, &none) == 0 && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0;
}

int bizclock_closing_pipe(int ends[2]) { return pipe2(ends, O_CLOEXEC); }

int bizclock_close_from(posix_spawn_file_actions_t *actions, int from) {
  return posix_spawn_file_actions_addclosefrom_np(actions, from);
}

void bizclock_share_heaps(int count) { mallopt(M_ARENA_MAX, count); }
