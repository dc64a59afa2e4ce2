// SPDX-License-Identifier: MIT
// The models of one file without the test framework, which costs more to compile than they do.
// `program [PART]`: those whose name holds PART. Ends with 1 at the first claim that fails.
#include "model.hpp"

#include <cstdio>
#include <string>

namespace nebula::model {

Entry*& entries() noexcept {
    static Entry* first = nullptr;
    return first;
}

}  // namespace nebula::model

int main(int argc, char** argv) {
    for (const nebula::model::Entry* entry = nebula::model::entries(); entry != nullptr;
         entry = entry->next) {
        const std::string name = std::string(entry->suite) + "." + entry->claim;
        if (argc > 1 && name.find(argv[1]) == std::string::npos) continue;
        const nebula::model::Report report = entry->run();
        if (!report.holds()) {
            std::printf("%s: %s\n", name.c_str(), report.failure.c_str());
            return 1;
        }
        std::printf("%s: %llu states\n", name.c_str(),
                    static_cast<unsigned long long>(report.states));
        std::fflush(stdout);
    }
    return 0;
}
