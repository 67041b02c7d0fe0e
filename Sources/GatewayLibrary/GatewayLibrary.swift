// SPDX-License-Identifier: Apache-2.0

// The library file, libgateway.so: nothing but GatewayABI, linked as Package.swift says. Linker
// settings reach everything that depends on a target, so they stand apart from what tests import.
internal import GatewayABI
