// bionic's types: the part that the app uses. off_t has 32 bits on 32-bit ABIs.
#pragma once
typedef __PTRDIFF_TYPE__ ssize_t;
typedef int pid_t;
typedef long off_t;
