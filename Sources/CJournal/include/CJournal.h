#pragma once
#include <stddef.h>
#include <sys/types.h>

/// Makes a file of memory that can be sealed and is not inherited; -1 with errno where that fails.
int bizclock_memory_file(const char *name);

/// Forbids every further change of a memory file, its seals included; -1 with errno where that fails.
int bizclock_seal(int file);

/// The seals of a memory file, in F_SEAL_ bits; -1 with errno where it has none.
int bizclock_seals(int file);

/// Sends a descriptor, and no bytes, over a connected socket without waiting; -1 with errno where it was not sent.
int bizclock_send_descriptor(int socket, int descriptor);

/// Receives a datagram without waiting: its length, or -1 with errno; `descriptor` gets the one that came with it, or
/// -1.
ssize_t bizclock_receive(int socket, void *bytes, size_t capacity, int *descriptor);
