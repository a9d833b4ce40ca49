#pragma once
// Linux interfaces that Swift's Glibc module does not bring. This header must not define _GNU_SOURCE: types of Glibc
// would then differ between this module and Swift's own, and which of two modules came first would decide the build.
#include <spawn.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/timerfd.h>

/// renameat2(2): renames with RENAME_ flags; -1 with errno where that fails.
int bizclock_renameat2(int from, const char *old, int to, const char *name, unsigned flags);

/// Lets no core of this process be written, be it to a file (the limit) or to a program (the kernel asks the flag);
/// nor may another program of the same user read its memory. 0 with errno where that is refused.
int bizclock_leave_no_core(void);

/// A pipe that no program started meanwhile gets an end of; -1 with errno where that fails.
int bizclock_closing_pipe(int ends[2]);

/// Has a program that is spawned get no descriptor from `from` on; an error number where that fails.
int bizclock_close_from(posix_spawn_file_actions_t *actions, int from);

/// Has all threads share so many heaps of malloc(3).
void bizclock_share_heaps(int count);

/// Calls at a socket of the file system without waiting, and hangs up: 0 where somebody listens, else the error number;
/// ECONNREFUSED is the kernel's word that nobody does.
int bizclock_call_socket(const char *path);
