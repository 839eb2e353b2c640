#!/usr/bin/python3
"""Holds the include table of ARCHITECTURE.md: who may include whom.

    base <- policy      base <- ike <- ike/driver      base <- esp <- tun      tools joins them

Usage: check_includes.py [ROOT]. Prints one line per violation; exits 1 when there is one.
"""

import fnmatch
import pathlib
import re
import sys

import source_tree

# Folder -> project folders it may include. The longest matching folder counts.
PROJECT_TABLE = {
    "base": {"base"},
    "policy": {"base", "policy"},
    "ike": {"base", "ike"},
    "ike/driver": {"base", "ike", "ike/driver"},
    "esp": {"base", "esp"},
    "tun": {"base", "esp", "tun"},
    "tools": {"base", "policy", "ike", "ike/driver", "esp", "tun", "tools"},
    "tests": {"base", "policy", "ike", "ike/driver", "esp", "tun", "tools", "tests"},
    "bench": {"base", "policy", "ike", "ike/driver", "esp", "tun", "tools", "tests", "bench"},
}

# What it is -> (pattern of the include, files that may have it). Tests and benches may include
# everything.
OUTSIDE_TABLE = {
    "Boost": (r"boost/", ["ike/driver/*", "tools/*"]),
    "OpenSSL": (
        r"openssl/",
        [
            "ike/crypto/provider_*.cc",
            "ike/crypto/provider_*.h",
            "base/secret.cc",
            "esp/kernels/aes_gcm_openssl.cc",
            "esp/kernels/chacha_poly.cc",
            "esp/kernels/cbc_hmac.cc",
        ],
    ),
    "libsodium": (
        r"sodium",
        ["ike/crypto/provider_*.cc", "base/secret.cc", "esp/kernels/chacha_poly.cc"],
    ),
    "yaml-cpp": (r"yaml-cpp/", ["policy/config_parse.cc"]),
    "nlohmann-json": (r"nlohmann/", ["tools/*", "policy/import_*.cc"]),
    "spdlog": (r"spdlog/", ["tools/*", "tun/*"]),
    "CLI11": (r"CLI/", ["tools/*"]),
    "libnftables": (r"nftables/", ["tools/*", "tun/*"]),
    "netlink": (r"(libmnl|libnl3?|netlink)/", ["tools/*", "tun/*"]),
    "kernel headers": (r"linux/", ["tools/*", "tun/*"]),
    "SIMD intrinsics": (r"\w*intrin\.h", ["esp/kernels/*", "tun/checksum.cc"]),
    "sockets": (
        r"(sys/(socket|un|epoll|ioctl)\.h|netinet/|netdb\.h|net/if)",
        ["tools/*", "tun/*", "ike/driver/*"],
    ),
    "files": (r"(fstream|filesystem|fcntl\.h|sys/stat\.h)$", ["tools/*", "tun/*", "ike/driver/*"]),
    "a random engine": (r"random$", []),
}

_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.MULTILINE)


def folder_of(path: str) -> str | None:
    """The row of PROJECT_TABLE that a root-relative path belongs to."""
    owners = [folder for folder in PROJECT_TABLE if path.startswith(folder + "/")]
    return max(owners, key=len, default=None)


def judge(path: str, quote: str, included: str) -> str | None:
    """What is wrong with one include, or None."""
    includer = folder_of(path)
    target = folder_of(included)
    if includer is None:
        return "C++ file outside the folders of the include table"
    if target is not None:
        if target in PROJECT_TABLE[includer]:
            return None
        allowed = ", ".join(sorted(PROJECT_TABLE[includer]))
        return f"{includer}/ must not include {target}/ (it may include: {allowed})"
    if quote == '"':
        return 'project includes are relative to the root, like "base/bytes.h"'
    if includer in ("tests", "bench"):
        return None
    for name, (pattern, allowed) in OUTSIDE_TABLE.items():
        if re.match(pattern, included) and not any(fnmatch.fnmatch(path, glob) for glob in allowed):
            return f"{name} may be included only by: {', '.join(allowed) or 'nothing'}"
    return None


def find_violations(root: pathlib.Path) -> list[str]:
    violations = []
    for path in source_tree.list_files(root):
        if path.suffix not in source_tree.CPP_SUFFIXES:
            continue
        text = source_tree.blank_noise(source_tree.read_text(root, path), keep_strings=True)
        for match in _INCLUDE.finditer(text):
            wrong = judge(str(path), match.group(1), match.group(2))
            if wrong:
                line = text.count("\n", 0, match.start()) + 1
                violations.append(f"{path}:{line}: includes {match.group(2)}: {wrong}")
    return violations


def main() -> int:
    default_root = pathlib.Path(__file__).resolve().parents[2]
    root = pathlib.Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else default_root
    violations = find_violations(root)
    print(*violations, sep="\n", end="\n" if violations else "")
    print(f"check_includes: {len(violations)} violations")
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
