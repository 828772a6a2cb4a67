// What scripts ask of the stand-in system_server.
#pragma once

// Answers one connection, and closes it.
void request_answer(int fd);
