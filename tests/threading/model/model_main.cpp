// SPDX-License-Identifier: MIT
// The models of one file without the test framework, which costs more to compile than they do.
// `program [PART]`: those whose claim holds PART. Ends with 1 at the first claim that fails.
#include "model.hpp"

#include <cstdio>
#include <cstring>

namespace nebula::model {

Entry*& entries() noexcept {
    static Entry* first = nullptr;
    return first;
}

}  // namespace nebula::model

int main(int argc, char** argv) {
    for (const nebula::model::Entry* entry = nebula::model::entries(); entry != nullptr;
         entry = entry->next) {
        if (argc > 1 && std::strstr(entry->claim, argv[1]) == nullptr) continue;
        const nebula::model::Report report = entry->run();
        if (!report.holds()) {
            std::printf("%s.%s: %s\n", entry->suite, entry->claim, report.failure.c_str());
            return 1;
        }
        std::printf("%s.%s: %llu states\n", entry->suite, entry->claim,
                    static_cast<unsigned long long>(report.states));
        std::fflush(stdout);
    }
    return 0;
}
