#pragma once
// Linux interfaces that Swift's Glibc module does not bring.
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/timerfd.h>
#include <sys/syscall.h>
#include <unistd.h>

/// renameat2(2), which Glibc declares only with _GNU_SOURCE.
static inline int bizclock_renameat2(int from, const char *old, int to, const char *name, unsigned flags) {
  return (int)syscall(SYS_renameat2, from, old, to, name, flags);
}
