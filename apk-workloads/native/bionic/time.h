// bionic's time: the part that the app uses. time_t is a long on every ABI.
#pragma once
struct timespec {
	long tv_sec;
	long tv_nsec;
};
int nanosleep(const struct timespec *wanted, struct timespec *left);
