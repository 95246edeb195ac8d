// Shared by vectors.S and exception.hpp, hence no C++ here.
#pragma once
#define FRAME_BYTES 288
#define KIND_SYNC 0
#define KIND_IRQ 1
#define KIND_FIQ 2
#define KIND_SERROR 3
#define KIND_OTHER 4
