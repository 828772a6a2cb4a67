// How scripts talk to the stand-in system_server: words that end in NUL each, answered by an exit status and text.
#pragma once

#define SYSTEM_SOCKET "/dev/socket/stand-in-system_server"

enum { REQUEST_SIZE = 4096, REQUEST_WORDS = 64 };
