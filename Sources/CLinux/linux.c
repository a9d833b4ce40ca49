#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
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

int bizclock_call_socket(const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (strlen(path) >= sizeof address.sun_path) return ENAMETOOLONG;
  strcpy(address.sun_path, path);
  int file = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (file < 0) return errno;
  int error = connect(file, (struct sockaddr *)&address, sizeof address) == 0 ? 0 : errno;
  close(file);
  return error;
}
