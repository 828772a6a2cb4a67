// The version and ABI of this agent.
#pragma once

#define AGENT_VERSION "0.1.0"

#if defined(__aarch64__)
#define AGENT_ABI "arm64-v8a"
#elif defined(__arm__)
#define AGENT_ABI "armeabi-v7a"
#elif defined(__x86_64__)
#define AGENT_ABI "x86_64"
#elif defined(__i386__)
#define AGENT_ABI "x86"
#elif defined(__riscv) && __riscv_xlen == 64
#define AGENT_ABI "riscv64"
#else
#error "no Android ABI"
#endif
