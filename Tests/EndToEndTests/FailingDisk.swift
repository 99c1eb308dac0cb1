import Foundation

/// A disk that fails on demand: a library, preloaded into the daemon, whose system calls refuse while a file stands beside it.
struct FailingDisk {
  enum Failure: String, CaseIterable {
    /// No sync succeeds.
    case sync
    /// Nothing can be written or renamed: the kernel has made the file system read-only.
    case readOnly
    /// The user's quota is used up.
    case quota
    /// No space is left.
    case space
  }

  private let directory: URL

  init(in directory: URL) throws {
    self.directory = directory
    let source = directory.appending(path: "failing.c")
    try Data(Self.source.utf8).write(to: source)
    let compiler = Process()
    compiler.executableURL = URL(filePath: "/usr/bin/env")
    compiler.arguments = ["cc", "-shared", "-fPIC", "-o", directory.appending(path: "failing.so").path, source.path, "-ldl"]
    try compiler.run()
    compiler.waitUntilExit()
    guard compiler.terminationStatus == 0 else { throw POSIXError(.ENOEXEC) }
  }

  /// Whether there is a C compiler to build the library with.
  static let isPossible = FileManager.default.isExecutableFile(atPath: "/usr/bin/cc")

  /// What the daemon is to be started with.
  var environment: [String: String] {
    ["LD_PRELOAD": directory.appending(path: "failing.so").path, "FAILING_DISK": directory.appending(path: "fail").path]
  }

  func fail(_ failure: Failure) throws {
    try Data().write(to: directory.appending(path: "fail-\(failure.rawValue)"))
  }

  func mend() throws {
    for failure in Failure.allCases where FileManager.default.fileExists(atPath: directory.appending(path: "fail-\(failure.rawValue)").path)
    {
      try FileManager.default.removeItem(at: directory.appending(path: "fail-\(failure.rawValue)"))
    }
  }

  /// Only SQLite uses pwrite here; log lines must still come out.
  private static let source = """
    #define _GNU_SOURCE
    #include <dlfcn.h>
    #include <errno.h>
    #include <stdio.h>
    #include <stdlib.h>
    #include <sys/types.h>
    #include <unistd.h>

    static int fails(const char *how, int code) {
      char path[4096];
      const char *base = getenv("FAILING_DISK");
      if (!base) return 0;
      snprintf(path, sizeof path, "%s-%s", base, how);
      if (access(path, F_OK) != 0) return 0;
      errno = code;
      return 1;
    }
    #define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
    int fsync(int file) { return fails("sync", EIO) ? -1 : NEXT(fsync)(file); }
    int fdatasync(int file) { return fails("sync", EIO) ? -1 : NEXT(fdatasync)(file); }
    ssize_t pwrite(int file, const void *bytes, size_t count, off_t offset) {
      return fails("readOnly", EROFS) || fails("quota", EDQUOT) || fails("space", ENOSPC) ? -1 : NEXT(pwrite)(file, bytes, count, offset);
    }
    ssize_t pwrite64(int file, const void *bytes, size_t count, off64_t offset) {
      return fails("readOnly", EROFS) || fails("quota", EDQUOT) || fails("space", ENOSPC) ? -1 : NEXT(pwrite64)(file, bytes, count, offset);
    }
    int renameat2(int from, const char *old, int to, const char *new, unsigned flags) {
      return fails("readOnly", EROFS) ? -1 : NEXT(renameat2)(from, old, to, new, flags);
    }

    """
}
