#pragma once
// Linux interfaces that Swift's Glibc module does not bring.
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <spawn.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

/// renameat2(2), which Glibc declares only with _GNU_SOURCE.
static inline int bizclock_renameat2(int from, const char *old, int to, const char *name, unsigned flags) {
  return (int)syscall(SYS_renameat2, from, old, to, name, flags);
}

/// Lets no core of this process be written, be it to a file (the limit) or to a program (the kernel asks the flag);
/// nor may another program of the same user read its memory. False with errno where that is refused.
static inline int bizclock_leave_no_core(void) {
  struct rlimit none = {0, 0};
  return setrlimit(RLIMIT_CORE, &none) == 0 && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0;
}

/// pipe2(2) with O_CLOEXEC, which Glibc declares only with _GNU_SOURCE: no program started meanwhile gets an end of it.
static inline int bizclock_closing_pipe(int ends[2]) { return (int)syscall(SYS_pipe2, ends, 02000000); }

extern int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *actions, int from);

/// Has a program that is spawned get no descriptor from `from` on; Glibc declares it only with _GNU_SOURCE.
static inline int bizclock_close_from(posix_spawn_file_actions_t *actions, int from) {
  return posix_spawn_file_actions_addclosefrom_np(actions, from);
}
