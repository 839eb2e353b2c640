"""Self-test of tools/dev/tidy.py: each budget and each ban is reported once, good code is not."""

import unittest

from bad_tree import TreeCase, load_check

tidy = load_check("tidy")
cpp_functions = load_check("cpp_functions")


def function_of(lines: int, head: str = "int f() {") -> str:
    return head + "\n" + "  g();\n" * (lines - 2) + "}\n"


class Budgets(TreeCase):
    def violations(self, path: str, text: str) -> list[str]:
        return [finding.text for finding in tidy.find_violations(self.write(path, text))]

    def test_accepts_code_at_each_limit(self):
        text = function_of(70) + "// " + "x" * 97 + "\n" + "\n" * 529
        self.assertEqual(self.violations("base/a.cc", text), [])

    def test_reports_a_file_of_601_lines(self):
        self.assertEqual(
            self.violations("base/a.h", "\n" * 601), ["base/a.h: 601 lines, at most 600"]
        )

    def test_gives_kernels_1200_lines(self):
        self.assertEqual(self.violations("esp/kernels/a.cc", "\n" * 1200), [])
        self.assertEqual(len(self.violations("esp/kernels/a.cc", "\n" * 1201)), 1)

    def test_reports_a_function_of_71_lines(self):
        self.assertEqual(
            self.violations("base/a.cc", function_of(71)), ["base/a.cc:1: f: 71 lines, at most 70"]
        )

    def test_reports_a_long_python_function(self):
        text = "def f():\n" + "    g()\n" * 70
        self.assertEqual(
            self.violations("tools/a.py", text), ["tools/a.py:1: f: 71 lines, at most 70"]
        )

    def test_reports_101_columns_and_six_parameters(self):
        self.assertEqual(len(self.violations("base/a.h", "// " + "x" * 98 + "\n")), 1)
        six = "int f(int a, int b, int c, int d, int e, std::map<int, int> g) {\n}\n"
        self.assertEqual(
            self.violations("base/a.h", six), ["base/a.h:1: f: 6 parameters, at most 5"]
        )

    def test_puts_the_worst_offender_first(self):
        found = self.violations("base/a.cc", function_of(80) + function_of(200, "int worst() {"))
        self.assertIn("worst", found[0])


class Bans(TreeCase):
    BAD = {
        "ike/core/clock.cc": "auto now = std::chrono::steady_clock::now();",
        "ike/wire/random.cc": "getrandom(buffer, 8, 0);",
        "esp/engine.cc": "std::mt19937_64 engine;",
        "policy/socket.cc": "int fd = ::socket(AF_INET, SOCK_DGRAM, 0);",
        "ike/exchange/file.cc": "std::ifstream file(path);",
        "base/marker.cc": "// TO" + "DO: later",
        "tests/unit/skip.cc": "GTEST_" + "SKIP();",
        "tests/netns/skip.py": "pytest." + "skip('no')",
        "base/manager.h": "class SaManager;",
        "esp/throws.cc": 'throw std::runtime_error("x");',
        "base/space.h": "using namespace std;",
        "base/plain_assert.cc": "assert(x > 0);",
        "tests/unit/waits.cc": "std::this_thread::sleep_for(1s);",
        "tools/path.py": "open('/ho" + "me/me/file')",
    }

    def test_reports_each_banned_word(self):
        for path, text in self.BAD.items():
            with self.subTest(path=path):
                found = tidy.find_violations(self.write(path, text + "\n"))
                self.assertEqual([path], [finding.text.split(":")[0] for finding in found])
                (self.root / path).unlink()

    def test_lets_the_same_words_stand_where_they_belong(self):
        good = {
            "tun/socket.cc": "int fd = ::socket(AF_INET, SOCK_DGRAM, 0);",
            "ike/driver/clock.cc": "auto now = std::chrono::steady_clock::now();",
            "ike/crypto/provider_sodium.cc": "randombytes_buf(out, 8);",
            "ike/core/comment.cc": "// Never calls steady_clock::now or getrandom(...).",
            "ike/core/member.cc": 'port.socket(7); "socket(";',
            "base/time.h": "using namespace std::chrono_literals;",
        }
        for path, text in good.items():
            self.write(path, text + "\n")
        self.assertEqual([finding.text for finding in tidy.find_violations(self.root)], [])


class Functions(unittest.TestCase):
    def names(self, text: str) -> list[str]:
        return [function.name for function in cpp_functions.find_functions(text)]

    def test_sees_functions_and_nothing_else(self):
        text = """
namespace twinspan {
enum class Kind { A, B };
constexpr int kTable[] = {1, 2, 3};
const std::map<int, int> kMap{{1, 2}};
struct Point { int x = 0; int y{1}; };
class Sa {
 public:
  Sa(int a, std::vector<int> b = {1, 2}) : a_(a), b_{std::move(b)} { check(); }
  [[nodiscard]] int size() const noexcept { return 'x'; }
  bool operator()(int a) const { return a > 1'000; }
  bool operator==(const Sa&) const = default;
};
#define MACRO(x) do { x; } while (0)
template <typename T>
auto run(T t) -> Result<T, int> {
  auto inner = [&](int x) { return x; };
  if (t) { loop(); }
  return inner(t);
}
extern "C" {
int plain(void) { return "{"[0]; }
}
TEST(Rekey, ASentence) { EXPECT_TRUE(true); }
__attribute__((target("avx2"))) void fast() {}
}  // namespace twinspan
"""
        self.assertEqual(
            self.names(text), ["Sa", "size", "operator()", "run", "plain", "TEST", "fast"]
        )

    def test_counts_lines_from_brace_to_brace(self):
        [function] = cpp_functions.find_functions(
            "void f(int a,\n       int b) {\n  // }\n  g();\n}\n"
        )
        self.assertEqual((function.line, function.lines, function.parameters), (2, 4, 2))


if __name__ == "__main__":
    unittest.main()
