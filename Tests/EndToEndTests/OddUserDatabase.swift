import Foundation

/// A user database that hangs, or does not know one of its users, as long as a file says so: a library, preloaded into the daemon.
struct OddUserDatabase {
  static let name = "traveller"

  private let directory: URL
  private let user: uid_t

  /// - Parameter user: The number of the one user whom it is about.
  init(in parent: URL, of user: uid_t) throws {
    // A directory of its own: the daemon watches the one that has its users' tokens in it.
    let directory = parent.appending(path: "users")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: false)
    (self.directory, self.user) = (directory, user)
    let source = directory.appending(path: "users.c")
    try Data(Self.source.utf8).write(to: source)
    let compiler = Process()
    compiler.executableURL = URL(filePath: "/usr/bin/env")
    compiler.arguments = ["cc", "-shared", "-fPIC", "-o", directory.appending(path: "users.so").path, source.path, "-ldl"]
    try compiler.run()
    compiler.waitUntilExit()
    guard compiler.terminationStatus == 0 else { throw POSIXError(.ENOEXEC) }
  }

  /// What the daemon is to be started with.
  var environment: [String: String] {
    [
      "LD_PRELOAD": directory.appending(path: "users.so").path, "ODD_USERS": directory.appending(path: "users").path, "ODD_USER": "\(user)",
    ]
  }

  enum Oddity: String {
    case hangs, forgets
  }

  func begin(_ oddity: Oddity) throws {
    try Data().write(to: directory.appending(path: "users-\(oddity)"))
  }

  func end(_ oddity: Oddity) throws {
    try FileManager.default.removeItem(at: directory.appending(path: "users-\(oddity)"))
  }

  private static let source = """
    #define _GNU_SOURCE
    #include <dlfcn.h>
    #include <pwd.h>
    #include <stdio.h>
    #include <stdlib.h>
    #include <string.h>
    #include <unistd.h>

    static int is(const char *how) {
      char path[4096];
      snprintf(path, sizeof path, "%s-%s", getenv("ODD_USERS"), how);
      return access(path, F_OK) == 0;
    }
    static int answer(struct passwd *entry, char *buffer, size_t size, struct passwd **found) {
      while (is("hangs")) usleep(10000);
      *found = NULL;
      if (is("forgets")) return 0;
      snprintf(buffer, size, "\(name)");
      *entry = (struct passwd){buffer, buffer, atoi(getenv("ODD_USER")), 0, buffer, buffer, buffer};
      *found = entry;
      return 0;
    }
    #define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
    int getpwnam_r(const char *name, struct passwd *entry, char *buffer, size_t size, struct passwd **found) {
      return strcmp(name, "\(name)") ? NEXT(getpwnam_r)(name, entry, buffer, size, found) : answer(entry, buffer, size, found);
    }
    int getpwuid_r(uid_t user, struct passwd *entry, char *buffer, size_t size, struct passwd **found) {
      return user == atoi(getenv("ODD_USER")) ? answer(entry, buffer, size, found) : NEXT(getpwuid_r)(user, entry, buffer, size, found);
    }

    """
}
