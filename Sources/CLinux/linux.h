#pragma once
// Linux interfaces that Swift's Glibc module does not bring.
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/timerfd.h>
