// SPDX-License-Identifier: MIT
#include "nebula/voxel/store/world_file.hpp"

#include "nebula/base/assert.hpp"
#include "nebula/base/mutex.hpp"
#include "nebula/base/utf8_path.hpp"
#include "nebula/voxel/store/detail/file_name.hpp"
#include "nebula/voxel/store/detail/new_file.hpp"
#include "nebula/voxel/store/detail/os_files.hpp"
#include "nebula/voxel/store/seal.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <unordered_set>
#include <utility>
#include <vector>

namespace nebula::voxel {

namespace {

using Kind = VoxelError::Kind;
using Failure = tl::unexpected<VoxelError>;
using detail::in_quotes;

constexpr std::int32_t kApplication = 0x4E425731;  // "NBW1"

// Each step turns a file of the format before it into one of its own: the first makes a new file.
// A step never changes; a new format is a new step.
constexpr std::array<const char*, 2> kSteps{
    "CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE bricks (key INTEGER PRIMARY KEY, bytes BLOB NOT NULL);"
    "CREATE TABLE pages (page INTEGER PRIMARY KEY, bits BLOB NOT NULL);"
    "CREATE TABLE operations (sequence INTEGER PRIMARY KEY, record BLOB NOT NULL);"
    "CREATE TABLE damaged (key INTEGER NOT NULL, bytes BLOB NOT NULL);",
    // Bricks may have placed materials, which earlier programs would lose.
    ""};
constexpr auto kFormat = static_cast<std::int32_t>(kSteps.size());

// A damaged length asks for no more memory than this. No brick is longer, and no sealed record.
constexpr int kMostBlob = static_cast<int>(kMostRecordBytes) + (1 << 10);
constexpr int kPatienceMs = 100;  // for a program that is just closing the file

constexpr const char* kRegion = "region";

// As note_region() writes it; nothing if it is anything else.
std::optional<Box3i> region_of(const std::string& text) {
    std::array<std::int32_t, 6> c{};
    const char* at = text.data();
    const char* const end = at + text.size();
    for (std::int32_t& value : c) {
        const auto [next, error] = std::from_chars(at, end, value);
        if (error != std::errc{} || next == end || *next != ' ') return std::nullopt;
        if (static_cast<float>(std::abs(std::int64_t{value})) > kWorldLimit) return std::nullopt;
        at = next + 1;
    }
    const Box3i box{{c[0], c[1], c[2]}, {c[3], c[4], c[5]}};
    if (at != end || box.empty()) return std::nullopt;
    return box;
}

std::int64_t row_of(std::uint64_t key) noexcept { return std::bit_cast<std::int64_t>(key); }
std::uint64_t key_of_row(std::int64_t row) noexcept { return std::bit_cast<std::uint64_t>(row); }

Failure fail(Kind kind, std::string message) {
    return Failure(VoxelError{kind, std::move(message)});
}

// For the catch blocks of functions that call no generator: only memory can be missing.
Failure no_memory() noexcept { return Failure(error_of_current_exception()); }

// Looks at the beginning of a file without SQLite, which would recover a foreign database.
tl::expected<void, VoxelError> check_header(const std::string& path) {
    constexpr std::size_t header_bytes = 100;
    std::ifstream in(path_of(path), std::ios::binary);
    if (!in)
        return fail(Kind::FileFailed, in_quotes(path) +
                                          " cannot be opened: " + std::strerror(errno) +
                                          "; check the name and the permissions");
    std::array<char, header_bytes> header{};
    in.read(header.data(), header.size());
    constexpr char magic[] = "SQLite format 3";
    if (in.gcount() != std::ptrdiff_t{header_bytes} ||
        std::memcmp(header.data(), magic, sizeof magic) != 0)
        return fail(Kind::NotAWorld, in_quotes(path) +
                                         " is not a world of Nebula, or its beginning " +
                                         "is lost; choose another file");
    const auto number = [&](std::size_t at) {
        std::uint32_t value = 0;
        for (std::size_t i = 0; i < 4; ++i)
            value = value << 8U | static_cast<std::uint8_t>(header[at + i]);
        return static_cast<std::int32_t>(value);
    };
    constexpr std::size_t format_at = 60;
    constexpr std::size_t application_at = 68;
    if (number(application_at) != kApplication)
        return fail(Kind::NotAWorld,
                    in_quotes(path) + " is a database of another program; choose another file");
    if (const std::int32_t format = number(format_at); format > kFormat)
        return fail(Kind::NewerFormat, in_quotes(path) + " was written by a newer Nebula (format " +
                                           std::to_string(format) + ", this one reads up to " +
                                           std::to_string(kFormat) + "); update Nebula");
    return {};
}

// In a name for SQLite, these have a meaning.
std::string as_uri(const std::string& path) {
    std::string uri = "file:";
    for (const char c : path) {
        constexpr char hex[] = "0123456789ABCDEF";
        if (c == '%' || c == '?' || c == '#') {
            const auto byte = static_cast<std::uint8_t>(c);
            uri += {'%', hex[byte >> 4U], hex[byte & 15U]};
        } else {
            uri += c;
        }
    }
    return uri + "?immutable=1";
}

bool is_empty_or_missing(const std::string& path) {
    std::error_code error;
    const auto size = std::filesystem::file_size(path_of(path), error);
    return error || size == 0;
}

// Calls f(row number) for the rows in a database page, if it is a leaf of a table, whichever. The
// format is https://www.sqlite.org/fileformat2.html, "B-tree Pages". Of a damaged page it makes what
// it can: a number that is no row's does no harm.
template <class F>
void for_each_row(std::span<const char> page, F&& f) {
    constexpr std::uint8_t leaf_of_table = 13;
    constexpr std::size_t header_bytes = 8;
    const auto byte = [page](std::size_t at) {
        return at < page.size() ? static_cast<std::uint8_t>(page[at]) : std::uint8_t{0};
    };
    const auto word = [&](std::size_t at) { return std::size_t{byte(at)} << 8U | byte(at + 1); };
    // Seven bits a byte, the first ones first; a ninth byte has eight.
    const auto read_number = [&](std::size_t& at) {
        std::uint64_t value = 0;
        for (int i = 0; i < 8; ++i) {
            const std::uint8_t next = byte(at++);
            value = value << 7U | (next & 0x7FU);
            if ((next & 0x80U) == 0) return value;
        }
        return value << 8U | byte(at++);
    };
    if (byte(0) != leaf_of_table) return;
    for (std::size_t i = 0; i < word(3) && header_bytes + 2 * i < page.size(); ++i) {
        std::size_t at = word(header_bytes + 2 * i);
        read_number(at);  // the row's length
        f(std::bit_cast<std::int64_t>(read_number(at)));
    }
}

std::span<const std::byte> blob_of(sqlite3_stmt* statement, int column) noexcept {
    const void* bytes = sqlite3_column_blob(statement, column);
    return {
        static_cast<const std::byte*>(bytes),
        bytes == nullptr ? 0 : static_cast<std::size_t>(sqlite3_column_bytes(statement, column))};
}

}  // namespace

/// One run of a statement.
class WorldFile::Query {
public:
    explicit Query(sqlite3_stmt* statement) noexcept : statement_(statement) {}
    ~Query() { sqlite3_reset(statement_); }
    Query(const Query&) = delete;
    Query& operator=(const Query&) = delete;

    Query& bind(int at, std::int64_t value) noexcept {
        sqlite3_bind_int64(statement_, at, value);
        return *this;
    }
    /// The bytes must live until the query has ended.
    Query& bind(int at, std::span<const std::byte> bytes) noexcept {
        sqlite3_bind_blob(statement_, at, bytes.data(), static_cast<int>(bytes.size()),
                          SQLITE_STATIC);
        return *this;
    }
    /// SQLITE_ROW, SQLITE_DONE, or an error.
    [[nodiscard]] int step() noexcept { return sqlite3_step(statement_); }
    [[nodiscard]] std::int64_t number(int column) const noexcept {
        return sqlite3_column_int64(statement_, column);
    }
    [[nodiscard]] std::span<const std::byte> blob(int column) const noexcept {
        return blob_of(statement_, column);
    }

private:
    sqlite3_stmt* statement_;
};

void WorldFile::CloseDatabase::operator()(sqlite3* database) const noexcept {
    sqlite3_close(database);
}
void WorldFile::FinishStatement::operator()(sqlite3_stmt* statement) const noexcept {
    sqlite3_finalize(statement);
}

/// A file of this process. A second one of the same name must not come as far as reading the header:
/// closing any descriptor of a file ends all locks that the process has on it, and then another
/// program could open it, too. Nor may two make the same new file at once.
class WorldFile::OpenName {
public:
    /// Null: it is open.
    static std::unique_ptr<OpenName> take(const std::string& path) {
        std::error_code ignored;
        std::string name = name_of(std::filesystem::weakly_canonical(path_of(path), ignored));
        if (ignored) name = path;
        std::unique_ptr<OpenName> taken(new OpenName(std::move(name)));
        Names& open = names();
        const MutexLock lock(open.mutex);
        taken->is_mine_ = open.all.insert(taken->name_).second;
        return taken->is_mine_ ? std::move(taken) : nullptr;
    }
    ~OpenName() {
        if (!is_mine_) return;
        Names& open = names();
        const MutexLock lock(open.mutex);
        open.all.erase(name_);
    }
    OpenName(const OpenName&) = delete;
    OpenName& operator=(const OpenName&) = delete;

private:
    struct Names {
        Mutex mutex;
        std::unordered_set<std::string> all NEBULA_GUARDED_BY(mutex);
    };
    static Names& names() {
        static Names names;
        return names;
    }
    explicit OpenName(std::string name) noexcept : name_(std::move(name)) {}

    const std::string name_;
    bool is_mine_ = false;
};

WorldFile::~WorldFile() = default;

int WorldFile::run(const char* sql) noexcept {
    return sqlite3_exec(database_.get(), sql, nullptr, nullptr, nullptr);
}

VoxelError WorldFile::error(int code, const char* doing) const {
    switch (code & 0xFF) {
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
            return {Kind::FileInUse, in_quotes(path_) +
                                         " is open in another program; close it there, " +
                                         "or choose another file"};
        case SQLITE_READONLY:
        case SQLITE_PERM:
        case SQLITE_AUTH:
            return {Kind::ReadOnly, in_quotes(path_) +
                                        " cannot be written to; check its permissions, " +
                                        "or save to another file"};
        case SQLITE_FULL:
            return {Kind::DiskFull, std::string("the disk is full, so ") + in_quotes(path_) +
                                        " was not saved; make room and save again"};
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:
        case SQLITE_ERROR:  // a table is missing
            if (doing != std::string_view("saved"))
                return {Kind::FileDamaged, in_quotes(path_) + " is damaged and cannot be " + doing +
                                               "; it stays as it is, so use another file"};
            return {Kind::FileDamaged, in_quotes(path_) +
                                           " is damaged, so nothing was written to it; " +
                                           "save to another file"};
        case SQLITE_NOMEM:
            return {Kind::OutOfMemory, "out of memory"};
        default:
            return {Kind::FileFailed, in_quotes(path_) + " could not be " + doing + ": " +
                                          sqlite3_errstr(code) +
                                          "; check the disk, or use another file"};
    }
}

tl::expected<void, VoxelError> WorldFile::open_database(const WorldFileSettings& settings,
                                                        int flags) {
    vfs_ = settings.vfs;
    const char* vfs = settings.vfs.empty() ? nullptr : settings.vfs.c_str();
    const bool immutable = (flags & SQLITE_OPEN_URI) != 0;
    const std::string name = immutable ? as_uri(path_) : path_;
    sqlite3* database = nullptr;
    const int opened = sqlite3_open_v2(name.c_str(), &database,
                                       flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, vfs);
    database_.reset(database);
    if (opened != SQLITE_OK) return Failure(error(opened, "opened"));
    // Before anything looks at the file: then SQLite needs no file of shared memory.
    if ((flags & SQLITE_OPEN_READWRITE) != 0) run("PRAGMA locking_mode=EXCLUSIVE");
    // Nothing in a file may make SQLite do more than read rows.
    sqlite3_db_config(database, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    sqlite3_db_config(database, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
    sqlite3_db_config(database, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, nullptr);
    sqlite3_db_config(database, SQLITE_DBCONFIG_ENABLE_VIEW, 0, nullptr);
    sqlite3_limit(database, SQLITE_LIMIT_LENGTH, kMostBlob);
    run("PRAGMA cell_size_check=ON");
    run("PRAGMA cache_size=-8192");  // kilobytes
    // A save moves its pages afterwards: checkpoint().
    run("PRAGMA wal_autocheckpoint=0");
    run("PRAGMA synchronous=FULL");
    // These look at the file, so only now.
    sqlite3_busy_timeout(database, kPatienceMs);
    return {};
}

int WorldFile::step_up(std::int32_t format) noexcept {
    int code = SQLITE_OK;
    for (auto step = static_cast<std::size_t>(format); step < kSteps.size() && code == SQLITE_OK;
         ++step)
        code = run(kSteps[step]);
    if (code != SQLITE_OK) return code;
    std::array<char, 64> mark{};
    std::snprintf(mark.data(), mark.size(), "PRAGMA user_version=%d", int{kFormat});
    return run(mark.data());
}

int WorldFile::set_meta(const char* name, const std::string& value) noexcept {
    sqlite3_stmt* made = nullptr;
    int code = sqlite3_prepare_v2(
        database_.get(), "INSERT INTO meta VALUES (?1, ?2) ON CONFLICT DO UPDATE SET value = ?2",
        -1, &made, nullptr);
    const Statement statement(made);
    if (code != SQLITE_OK) return code;
    sqlite3_bind_text(made, 1, name, -1, SQLITE_STATIC);
    sqlite3_bind_text(made, 2, value.data(), static_cast<int>(value.size()), SQLITE_STATIC);
    code = sqlite3_step(made);
    return code == SQLITE_DONE ? SQLITE_OK : code;
}

tl::expected<void, VoxelError> WorldFile::note_region(const Box3i& voxels) {
    std::string text;
    for (const Vec3i& v : {voxels.min, voxels.max})
        for (const std::int32_t c : {v.x, v.y, v.z}) text += std::to_string(c) + ' ';
    if (const int code = set_meta(kRegion, text); code != SQLITE_OK) return fail_save(code);
    return {};
}

tl::expected<void, VoxelError> WorldFile::make_tables(const WorldFileSettings& settings) {
    run("PRAGMA page_size=8192");  // seven bricks of hills
    const std::string mark = "PRAGMA application_id=" + std::to_string(kApplication);
    int code = run("BEGIN IMMEDIATE");
    if (code == SQLITE_OK) code = run(mark.c_str());
    if (code == SQLITE_OK) code = step_up(0);
    if (code == SQLITE_OK) code = set_meta("generator", settings.generator);
    if (code == SQLITE_OK) code = set_meta("units", settings.units);
    if (code == SQLITE_OK) code = run("COMMIT");
    // Kept in the file: later openings find it.
    if (code == SQLITE_OK) code = run("PRAGMA journal_mode=WAL");
    if (code != SQLITE_OK) return undo(error(code, "made"));
    return {};
}

tl::expected<void, VoxelError> WorldFile::lock(const WorldFileSettings& settings) {
    const auto cannot = [](int code) {
        return (code & 0xFF) == SQLITE_READONLY || (code & 0xFF) == SQLITE_CANTOPEN;
    };
    int code = SQLITE_READONLY;
    if (sqlite3_db_readonly(database_.get(), "main") == 0) {
        code = run("BEGIN IMMEDIATE");  // also takes in what a killed program has saved
        if (code == SQLITE_OK) code = run("COMMIT");
    }
    if (cannot(code)) {
        report_.read_only = true;
        const bool moved = is_empty_or_missing(path_ + detail::kWal);
        if (auto done =
                open_database(settings, SQLITE_OPEN_READONLY | (moved ? SQLITE_OPEN_URI : 0));
            !done)
            return done;
        code = run("SELECT count(*) FROM meta");
        if (!moved && cannot(code))
            return fail(Kind::ReadOnly,
                        in_quotes(path_) + " has unfinished saves, and nothing can be written to " +
                            "its folder; copy it to another folder, together with the file of " +
                            "the same name and -wal");
    }
    if (code == SQLITE_OK) return {};
    if ((code & 0xFF) != SQLITE_CORRUPT) return Failure(error(code, "opened"));
    // A database that is shorter than it says is not opened at all, unless somebody wants to repair
    // it. We want to read what is left of it.
    found_broken();
    report_.read_only = true;
    if (auto done = open_database(settings, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI); !done)
        return done;
    sqlite3_db_config(database_.get(), SQLITE_DBCONFIG_DEFENSIVE, 0, nullptr);
    sqlite3_db_config(database_.get(), SQLITE_DBCONFIG_WRITABLE_SCHEMA, 1, nullptr);
    return {};
}

tl::expected<void, VoxelError> WorldFile::check_format() {
    const auto number = [this](const char* pragma) -> std::optional<std::int64_t> {
        sqlite3_stmt* made = nullptr;
        sqlite3_prepare_v2(database_.get(), pragma, -1, &made, nullptr);
        const Statement statement(made);
        if (sqlite3_step(made) != SQLITE_ROW) return std::nullopt;
        return sqlite3_column_int64(made, 0);
    };
    const auto format = number("PRAGMA user_version");
    if (!format || *format < 0 || *format > kFormat)
        return Failure(error(SQLITE_CORRUPT, "opened"));
    if (*format == kFormat) return {};
    if (report_.read_only && std::all_of(kSteps.begin() + *format, kSteps.end(),
                                         [](const char* s) { return *s == '\0'; }))
        return {};  // there is nothing to convert
    if (report_.read_only)
        return fail(Kind::ReadOnly, in_quotes(path_) +
                                        " is of an older format and cannot be written " +
                                        "to; copy it to a folder where it can be converted");
    int code = run("BEGIN IMMEDIATE");
    if (code == SQLITE_OK) code = step_up(static_cast<std::int32_t>(*format));
    if (code == SQLITE_OK) code = run("COMMIT");
    if (code != SQLITE_OK) return undo(error(code, "converted"));
    return {};
}

tl::expected<void, VoxelError> WorldFile::prepare_statements() {
    const std::array<std::pair<Statement*, const char*>, 7> statements{
        {{&read_brick_, "SELECT bytes FROM bricks WHERE key = ?"},
         {&write_brick_, "INSERT INTO bricks VALUES (?1, ?2) ON CONFLICT DO UPDATE SET bytes = ?2"},
         {&erase_brick_, "DELETE FROM bricks WHERE key = ?"},
         {&set_aside_, "INSERT INTO damaged SELECT key, bytes FROM bricks WHERE key = ?"},
         {&write_page_, "INSERT INTO pages VALUES (?1, ?2) ON CONFLICT DO UPDATE SET bits = ?2"},
         {&write_operation_,
          "INSERT INTO operations VALUES (?1, ?2) ON CONFLICT DO UPDATE SET record = ?2"},
         {&read_operations_,
          "SELECT sequence, record FROM operations WHERE sequence > ? ORDER BY sequence"}}};
    for (const auto& [statement, sql] : statements) {
        sqlite3_stmt* made = nullptr;
        const int code =
            sqlite3_prepare_v3(database_.get(), sql, -1, SQLITE_PREPARE_PERSISTENT, &made, nullptr);
        statement->reset(made);
        if (code != SQLITE_OK) return Failure(error(code, "read"));
    }
    return {};
}

tl::expected<void, VoxelError> WorldFile::read_meta(const WorldFileSettings& settings) {
    sqlite3_stmt* made = nullptr;
    sqlite3_prepare_v2(database_.get(), "SELECT name, value FROM meta", -1, &made, nullptr);
    const Statement statement(made);
    int code = SQLITE_OK;
    while ((code = sqlite3_step(made)) == SQLITE_ROW) {
        const auto text = [&](int column) {
            const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(made, column));
            return std::string(bytes == nullptr ? "" : bytes);
        };
        if (text(0) == "generator") generator_ = text(1);
        if (text(0) == "units") units_ = text(1);
        if (text(0) == kRegion) report_.region = region_of(text(1));
    }
    if (code != SQLITE_DONE) return Failure(error(code, "read"));
    told_generator_ = settings.generator;
    told_units_ = settings.units;
    if (generator_ != settings.generator) report_.other_generator = generator_;
    if (units_ != settings.units) report_.other_units = units_;

    sqlite3_prepare_v2(database_.get(), "SELECT max(sequence) FROM operations", -1, &made, nullptr);
    const Statement last(made);
    if (sqlite3_step(made) == SQLITE_ROW)
        report_.last_operation =
            key_of_row(std::max<std::int64_t>(sqlite3_column_int64(made, 0), 0));
    else
        found_broken();
    return {};
}

void WorldFile::read_keys() {
    sqlite3_stmt* made = nullptr;
    sqlite3_prepare_v2(database_.get(), "SELECT page, bits FROM pages", -1, &made, nullptr);
    const Statement statement(made);
    int code = SQLITE_OK;
    while ((code = sqlite3_step(made)) == SQLITE_ROW) {
        const auto page = key_of_row(sqlite3_column_int64(made, 0));
        BrickKeys::PageBits bits{};
        const auto stored = blob_of(made, 1);
        if (page >> (64 - BrickKeys::kPageBits) != 0 || !brick_of(page << BrickKeys::kPageBits) ||
            stored.size() != sizeof bits)
            break;
        for (std::size_t i = 0; i < stored.size(); ++i)
            bits[i / 8] |= std::to_integer<std::uint64_t>(stored[i]) << (i % 8 * 8);
        keys_.insert(page, bits);
    }
    if (code == SQLITE_DONE) return;
    // The bricks know their keys, too. To read those takes as long as to read all bricks.
    found_broken();
    salvage_keys();
}

void WorldFile::salvage_keys() {
    std::ifstream in(path_of(path_), std::ios::binary);
    std::array<char, 18> header{};
    in.read(header.data(), header.size());
    const auto high = static_cast<std::uint8_t>(header[16]);
    const auto low = static_cast<std::uint8_t>(header[17]);
    const std::size_t size = high == 0 && low == 1 ? 65536U : std::size_t{high} << 8U | low;
    if (size < 512) return;
    in.seekg(0);
    std::vector<char> page(size);
    do {
        std::ranges::fill(page, '\0');
        in.read(page.data(), static_cast<std::streamsize>(size));
        for_each_row(page, [this](std::int64_t row) {
            if (brick_of(key_of_row(row))) keys_.insert(key_of_row(row));
        });
    } while (in);
}

void WorldFile::found_broken() {
    if (broken_) return;
    broken_ = true;
    report_.warning = in_quotes(path_) +
                      " is damaged: what is intact was read, and nothing will be " +
                      "written to it; save to another file";
}

tl::expected<std::unique_ptr<WorldFile>, VoxelError> WorldFile::make(
    const std::string& path, const WorldFileSettings& settings) {
    std::unique_ptr<WorldFile> file(new WorldFile);
    file->path_ = path;
    file->generator_ = file->told_generator_ = settings.generator;
    file->units_ = file->told_units_ = settings.units;
    if (auto done = file->open_database(settings, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
        !done)
        return Failure(std::move(done.error()));
    if (auto done = file->make_tables(settings); !done) return Failure(std::move(done.error()));
    if (auto done = file->prepare_statements(); !done) return Failure(std::move(done.error()));
    return file;
}

tl::expected<void, VoxelError> WorldFile::make_empty(const std::string& path,
                                                     const WorldFileSettings& settings) {
    // What is made ends here, which moves everything into the one file.
    return make(path, settings).map([](const std::unique_ptr<WorldFile>&) {});
}

tl::expected<std::unique_ptr<WorldFile>, VoxelError> WorldFile::open(
    const std::string& path, const WorldFileSettings& settings) noexcept {
    try {
        if (auto fault = detail::check_file_name(path)) return Failure(std::move(*fault));
        auto name = OpenName::take(path);
        if (name == nullptr)
            return fail(
                Kind::FileInUse,
                in_quotes(path) + " is open already; close it first, or choose another file");
        std::error_code ignored;
        bool created = false;
        const bool is_missing = !std::filesystem::exists(path_of(path), ignored) &&
                                settings.create && !settings.read_only;
        if (is_missing) {
            // A file that has its name is complete, whenever the program is killed.
            const detail::UnfinishedFile unfinished(path);
            auto made = settings.begin_with ? settings.begin_with(unfinished.name())
                                            : make_empty(unfinished.name(), settings);
            if (!made) return Failure(detail::not_made(path, std::move(made.error())));
            if (auto done = detail::publish_file(unfinished.name(), path); done)
                created = !settings.begin_with;
            else if (done.error().kind != Kind::FileExists)
                return Failure(std::move(done.error()));
        }
        if (auto fine = check_header(path); !fine) return Failure(std::move(fine.error()));
        std::unique_ptr<WorldFile> file(new WorldFile);
        file->path_ = path;
        file->open_name_ = std::move(name);
        file->report_.created = created;
        file->report_.read_only = settings.read_only;
        if (auto done = file->open_database(settings, SQLITE_OPEN_READWRITE); !done)
            return Failure(std::move(done.error()));
        if (auto done = file->lock(settings); !done) return Failure(std::move(done.error()));
        if (auto done = file->check_format(); !done) return Failure(std::move(done.error()));
        if (auto done = file->prepare_statements(); !done) return Failure(std::move(done.error()));
        if (auto done = file->read_meta(settings); !done) return Failure(std::move(done.error()));
        file->read_keys();
        file->report_.bricks = file->keys_.size();
        return file;
    } catch (...) {
        return no_memory();
    }
}

tl::expected<BrickPtr, VoxelError> WorldFile::read(BrickKey key) noexcept {
    try {
        if (!keys_.contains(key) || damaged_.contains(key)) return nullptr;
        Query query(read_brick_.get());
        const int code = query.bind(1, row_of(key)).step();
        if (code == SQLITE_ROW) {
            if (const auto bytes = unseal(key, query.blob(0)))
                if (BrickPtr brick = decoder_.decode(*bytes)) return brick;
        } else if (code == SQLITE_CORRUPT || (code & 0xFF) == SQLITE_CORRUPT) {
            found_broken();
        } else if (code != SQLITE_DONE && code != SQLITE_TOOBIG) {
            return Failure(error(code, "read"));
        }
        damaged_.insert(key);
        return nullptr;
    } catch (...) {
        return no_memory();
    }
}

tl::expected<std::vector<StoredOperation>, VoxelError> WorldFile::read_operations(
    std::uint64_t after, std::size_t most) noexcept {
    try {
        std::vector<StoredOperation> operations;
        Query query(read_operations_.get());
        query.bind(1, row_of(after));
        int code = SQLITE_OK;
        while (operations.size() < most && (code = query.step()) == SQLITE_ROW) {
            const std::uint64_t sequence = key_of_row(query.number(0));
            if (const auto record = unseal(sequence, query.blob(1)))
                operations.push_back({sequence, {record->begin(), record->end()}});
        }
        if ((code & 0xFF) == SQLITE_CORRUPT || code == SQLITE_TOOBIG)
            found_broken();
        else if (code != SQLITE_ROW && code != SQLITE_DONE && code != SQLITE_OK)
            return Failure(error(code, "read"));
        return operations;
    } catch (...) {
        return no_memory();
    }
}

tl::unexpected<VoxelError> WorldFile::undo(VoxelError why) noexcept {
    // SQLite may have done so by itself.
    if (sqlite3_get_autocommit(database_.get()) == 0) run("ROLLBACK");
    saving_.clear();
    return Failure(std::move(why));
}

tl::expected<void, VoxelError> WorldFile::begin() noexcept {
    try {
        if (broken_) return Failure(error(SQLITE_CORRUPT, "saved"));
        if (report_.read_only) return Failure(error(SQLITE_READONLY, "saved"));
        const int code = run("BEGIN IMMEDIATE");
        if (code != SQLITE_OK) return undo(error(code, "saved"));
        return {};
    } catch (...) {
        return no_memory();
    }
}

// When a disk fails a read() between two writes, SQLite takes back what was written. The rest would be
// durable row by row.
tl::expected<void, VoxelError> WorldFile::check_begun() {
    if (sqlite3_get_autocommit(database_.get()) == 0) return {};
    return undo(error(SQLITE_IOERR, "saved"));
}

tl::expected<void, VoxelError> WorldFile::write(std::span<const PackedBrick> bricks) noexcept {
    try {
        if (auto begun = check_begun(); !begun) return begun;
        for (const PackedBrick& brick : bricks) {
            NEBULA_ASSERT(brick_of(brick.key), "a brick without a place was saved");
            int code = SQLITE_DONE;
            // Somebody may be able to make something of what we could not read.
            if (damaged_.contains(brick.key))
                code = Query(set_aside_.get()).bind(1, row_of(brick.key)).step();
            if (code == SQLITE_DONE)
                code = Query(write_brick_.get())
                           .bind(1, row_of(brick.key))
                           .bind(2, std::span<const std::byte>(brick.bytes))
                           .step();
            if (code != SQLITE_DONE) return fail_save(code);
            saving_.push_back({brick.key, true});
        }
        return {};
    } catch (...) {
        return undo(error_of_current_exception());
    }
}

tl::expected<void, VoxelError> WorldFile::erase(std::span<const BrickKey> keys) noexcept {
    try {
        if (auto begun = check_begun(); !begun) return begun;
        for (const BrickKey key : keys) {
            int code = SQLITE_DONE;
            if (damaged_.contains(key)) code = Query(set_aside_.get()).bind(1, row_of(key)).step();
            if (code == SQLITE_DONE) code = Query(erase_brick_.get()).bind(1, row_of(key)).step();
            if (code != SQLITE_DONE) return fail_save(code);
            saving_.push_back({key, false});
        }
        return {};
    } catch (...) {
        return undo(error_of_current_exception());
    }
}

tl::expected<void, VoxelError> WorldFile::write(
    std::span<const StoredOperation> operations) noexcept {
    try {
        if (auto begun = check_begun(); !begun) return begun;
        std::vector<std::byte> sealed;
        for (const StoredOperation& operation : operations) {
            if (operation.record.size() > kMostRecordBytes)
                return undo(
                    {Kind::OutOfRange, "an operation's record is longer than 64 megabytes"});
            sealed = operation.record;
            seal(operation.sequence, sealed);
            const int code = Query(write_operation_.get())
                                 .bind(1, row_of(operation.sequence))
                                 .bind(2, std::span<const std::byte>(sealed))
                                 .step();
            if (code != SQLITE_DONE) return fail_save(code);
        }
        return {};
    } catch (...) {
        return undo(error_of_current_exception());
    }
}

tl::expected<void, VoxelError> WorldFile::commit() noexcept {
    try {
        if (auto begun = check_begun(); !begun) return begun;
        std::ranges::sort(saving_, {}, &Change::key);
        for (auto first = saving_.begin(); first != saving_.end();) {
            const std::uint64_t page = first->key >> BrickKeys::kPageBits;
            BrickKeys::PageBits bits = keys_.page(page);
            const BrickKeys::PageBits before = bits;
            for (; first != saving_.end() && first->key >> BrickKeys::kPageBits == page; ++first) {
                std::uint64_t& word = bits[first->key >> 6U & 7U];
                const std::uint64_t bit = std::uint64_t{1} << (first->key & 63U);
                word = first->is_stored ? word | bit : word & ~bit;
            }
            if (bits == before) continue;
            keys_.reserve_page(page);
            std::array<std::byte, sizeof bits> bytes{};
            for (std::size_t i = 0; i < bytes.size(); ++i)
                bytes[i] = static_cast<std::byte>(bits[i / 8] >> (i % 8 * 8) & 0xFFU);
            const int code = Query(write_page_.get())
                                 .bind(1, row_of(page))
                                 .bind(2, std::span<const std::byte>(bytes))
                                 .step();
            if (code != SQLITE_DONE) return fail_save(code);
        }
        if (const int code = save_meta(); code != SQLITE_OK) return fail_save(code);
        if (const int code = run("COMMIT"); code != SQLITE_OK) return fail_save(code);
    } catch (...) {
        return undo(error_of_current_exception());
    }
    is_meta_saved_ = true;
    for (const Change& change : saving_) {
        if (change.is_stored)
            keys_.insert(change.key);
        else
            keys_.erase(change.key);
        damaged_.erase(change.key);
    }
    saving_.clear();
    return {};
}

// Who opened the file was told what has changed, and goes on with it: the next one need not be told.
int WorldFile::save_meta() noexcept {
    int code = SQLITE_OK;
    if (is_meta_saved_) return code;
    if (told_generator_ != generator_) code = set_meta("generator", told_generator_);
    if (code == SQLITE_OK && told_units_ != units_) code = set_meta("units", told_units_);
    // What is saved to is a world, and no longer the part of one.
    if (code == SQLITE_OK && report_.region) code = set_meta(kRegion, {});
    return code;
}

tl::unexpected<VoxelError> WorldFile::fail_save(int code) {
    if ((code & 0xFF) == SQLITE_CORRUPT) found_broken();
    return undo(error(code, "saved"));
}

bool WorldFile::checkpoint() noexcept {
    return sqlite3_wal_checkpoint_v2(database_.get(), nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr,
                                     nullptr) != SQLITE_INTERRUPT;
}

void WorldFile::stop_checkpoint() noexcept { sqlite3_interrupt(database_.get()); }

void WorldFile::pack(BrickKey key, const Brick& brick, PackedBrick& out) {
    out.key = key;
    out.bytes.clear();
    encoder_.append(brick, out.bytes);
    seal(key, out.bytes);
}

}  // namespace nebula::voxel
