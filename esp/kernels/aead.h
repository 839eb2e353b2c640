// The batch interface of the ciphers. One Kernel is a set of functions for one transform on one kind of
// CPU; KernelSet is what this process uses, chosen once (select.h).
#pragma once

namespace twinspan::esp::kernels {
class KernelSet;
}
