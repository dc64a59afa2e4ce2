// SPDX-License-Identifier: MIT
#pragma once

#define GDE_EXPORT __attribute__((visibility("default")))
