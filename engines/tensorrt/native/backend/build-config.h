// A BuildOrder as TensorRT's flags; the one place that knows which version has which.
#pragma once

#include "backend.h"
#include "tensorrt-headers.h"

namespace loadrig::LOADRIG_BACKEND {

/** Flags of createNetworkV2. Throws ERR_ARGUMENT for what this version cannot be asked. */
uint32_t networkFlags(const BuildOrder& order);
/** `libraryVersion` as major * 100 + minor. */
void configure(nvinfer1::IBuilderConfig& config, const BuildOrder& order, int libraryVersion);
/** Implicit quantisation: every name must be a tensor of the network. */
void setDynamicRanges(nvinfer1::INetworkDefinition& network, const BuildOrder& order);
void addProfiles(nvinfer1::IBuilder& builder, nvinfer1::IBuilderConfig& config, const BuildOrder& order);

}  // namespace loadrig::LOADRIG_BACKEND
