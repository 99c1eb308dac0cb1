import Foundation
import Glibc
import Testing

/// Who runs progressctl on a machine that several people share.
enum Person: String, CaseIterable, CustomTestStringConvertible {
  case owner
  /// Another member of the group whose members may drop, and ask.
  case member
  case root
  /// Outside the group.
  case stranger

  /// One that every Debian has, and nobody is in whom these tests do not put there.
  static let group = "users"

  /// In no system's files, so that nothing of theirs is touched.
  var user: uid_t {
    switch self {
    case .owner: 61_001
    case .member: 61_002
    case .root: 0
    case .stranger: 61_003
    }
  }

  /// What makes a program theirs, as setpriv(1) does it.
  var entrance: [String] {
    let groups = self == .stranger ? "--clear-groups" : "--groups=\(Self.groupNumber ?? 0)"
    return self == .root ? [] : ["/usr/bin/setpriv", "--reuid=\(user)", "--regid=\(user)", groups]
  }

  var testDescription: String { rawValue }

  fileprivate static let groupNumber: gid_t? = getgrnam(group)?.pointee.gr_gid

  /// Whether this process may act for others: as root, with the capabilities for it.
  static let arePossible: Bool = {
    let tool = owner.entrance[0]
    guard geteuid() == 0, groupNumber != nil, access(tool, X_OK) == 0 else { return false }
    // Capabilities show only in the attempt.
    guard let attempt = try? Process.run(URL(filePath: tool), arguments: owner.entrance.dropFirst() + ["/bin/true"]) else { return false }
    attempt.waitUntilExit()
    return attempt.terminationStatus == 0
  }()
}

extension Workstation {
  /// Starts the daemon for everybody in the group, with a spool as systemd-tmpfiles makes it.
  func startSharedDaemon(_ configuration: String = "", debounce: String = "10ms", environment: [String: String] = [:]) async throws {
    try configure("control.group: \(Person.group)\ndebounce: {complete: \(debounce), intensity: \(debounce)}\n" + configuration)
    try await startDaemon(environment: environment)
    for place in [directory, directory.appending(path: "spool")] { try #require(chmod(place.path, 0o755) == 0) }
    try #require(chown(incoming.path, 0, try #require(Person.groupNumber)) == 0 && chmod(incoming.path, 0o3730) == 0)
  }

  func progressctl(as person: Person, _ arguments: [String]) async throws -> (status: Int32, words: String) {
    try await RunningProgram.run("progressctl", arguments + ["--config", configurationFile.path], through: person.entrance)
  }

  func progressctl(as person: Person, _ arguments: String...) async throws -> (status: Int32, words: String) {
    try await progressctl(as: person, arguments)
  }

  /// Drops whatever text under whatever name, as a shell of theirs would.
  func drop(_ text: String, named name: String, as person: Person) async throws {
    let line = #"printf %s "$1" >"$2/.$3.tmp" && mv "$2/.$3.tmp" "$2/$3""#
    let dropped = try await RunningProgram.run("/bin/sh", ["-c", line, "sh", text, incoming.path, name], through: person.entrance)
    try #require(dropped.status == 0, "\(dropped.words)")
  }
}
