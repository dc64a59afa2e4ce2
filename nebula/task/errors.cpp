// SPDX-License-Identifier: MIT
#include "nebula/task/errors.hpp"

#include <string>

namespace nebula {
namespace {

std::string sentence(AsyncErrorCode code, std::string_view detail) {
    std::string text(describe(code));
    if (!detail.empty()) text.append(": ").append(detail);
    return text;
}

}  // namespace

std::string_view describe(AsyncErrorCode code) noexcept {
    switch (code) {
        case AsyncErrorCode::TaskCancelled:
            return "the task was cancelled";
        case AsyncErrorCode::EmitterFreed:
            return "the object waited for was freed";
        case AsyncErrorCode::NullObject:
            return "there is no object to wait for";
        case AsyncErrorCode::RuntimeClosed:
            return "the runtime does not run";
        case AsyncErrorCode::WrongThread:
            return "called on the wrong thread";
        case AsyncErrorCode::NotReady:
            return "the task has no result yet";
        case AsyncErrorCode::UnknownSignal:
            return "the object has no such signal";
        case AsyncErrorCode::UnknownMethod:
            return "the object has no such method";
        case AsyncErrorCode::CallFailed:
            return "the call failed";
        case AsyncErrorCode::Interrupted:
            return "the awaited operation was stopped";
        case AsyncErrorCode::LoadFailed:
            return "the resource could not be loaded";
        case AsyncErrorCode::Disconnected:
            return "the peer is not connected";
        case AsyncErrorCode::ArgumentMismatch:
            return "the signal was emitted with different arguments";
        case AsyncErrorCode::NotSendable:
            return "the value cannot be passed to another thread";
        case AsyncErrorCode::TimedOut:
            return "the time ran out";
    }
    return "unknown error";
}

AsyncError::AsyncError(AsyncErrorCode code, std::string_view detail)
    : std::runtime_error(sentence(code, detail)), code_(code) {}

void throw_async_error(AsyncErrorCode code, std::string_view detail) {
    switch (code) {
        case AsyncErrorCode::TaskCancelled:
            throw TaskCancelled(detail);
        case AsyncErrorCode::EmitterFreed:
            throw EmitterFreed(detail);
        case AsyncErrorCode::NullObject:
            throw NullObject(detail);
        case AsyncErrorCode::RuntimeClosed:
            throw RuntimeClosed(detail);
        case AsyncErrorCode::WrongThread:
            throw WrongThread(detail);
        case AsyncErrorCode::NotReady:
            throw NotReady(detail);
        case AsyncErrorCode::UnknownSignal:
            throw UnknownSignal(detail);
        case AsyncErrorCode::UnknownMethod:
            throw UnknownMethod(detail);
        case AsyncErrorCode::CallFailed:
            throw CallFailed(detail);
        case AsyncErrorCode::Interrupted:
            throw Interrupted(detail);
        case AsyncErrorCode::LoadFailed:
            throw LoadFailed(detail);
        case AsyncErrorCode::Disconnected:
            throw Disconnected(detail);
        case AsyncErrorCode::ArgumentMismatch:
            throw ArgumentMismatch(detail);
        case AsyncErrorCode::NotSendable:
            throw NotSendable(detail);
        case AsyncErrorCode::TimedOut:
            throw TimedOut(detail);
    }
    throw AsyncError(code, detail);
}

}  // namespace nebula
