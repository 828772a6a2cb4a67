// What both stand-in daemons do at their start.
#pragma once

// A listening Unix socket of that type at the path, in place of an older one. Exits with a message on failure.
int listen_at(const char *path, int type, unsigned int mode);
// Goes on in the background under another name, with no terminal. The parent ends here: the daemon listens.
void go_to_background(const char *name);
