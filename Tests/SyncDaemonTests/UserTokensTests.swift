import APIClient
import Foundation
import SyncDaemon
import SystemPackage
import Testing

@Suite("The tokens of users")
struct UserTokensTests {
  private static let users: [String: UInt32] = ["alice": 1_001, "bob": 1_002, "1003": 1_003, "1001": 1_001]

  /// What reading a directory with these files comes to; nil makes a directory of the name.
  private func read(_ files: [String: String?], _ body: (FilePath, UserTokens) throws -> Void) throws {
    let directory = FileManager.default.temporaryDirectory.appending(path: "user-tokens-\(UUID().uuidString.prefix(8))")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: false)
    defer { try? FileManager.default.removeItem(at: directory) }
    for (name, text) in files {
      let place = directory.appending(path: name)
      if let text {
        try Data(text.utf8).write(to: place)
      } else {
        try FileManager.default.createDirectory(at: place, withIntermediateDirectories: false)
      }
    }
    let path = FilePath(directory.path)
    try body(path, UserTokens(in: path) { Self.users[$0] })
  }

  private func usable(_ text: String) -> UserToken {
    // What is no token equals none that is read.
    (try? BearerToken(text)).map(UserToken.usable) ?? .unusable(reason: text)
  }

  @Test("are read from files that are named after them, and from no others")
  func files() throws {
    try read(["token_alice": "a\n", "token_1003": "  c", "api-token": "x", "token": "y", ".token_bob": "z", "Token_bob": "z"]) {
      path, read in
      #expect(read.tokens == [1_001: usable("a"), 1_003: usable("c")])
      #expect(read.entries[1_001]?.file == path.appending("token_alice"))
      #expect(read.problems == [])
    }
  }

  @Test("are none where no directory is set")
  func unset() {
    #expect(UserTokens(in: nil) == UserTokens())
  }

  @Test(
    "do not come from a file that is not right: whoever it is for waits, with the reason said once, and nobody else",
    arguments: [
      ("", "is empty"), (" \n", "is empty"),
      ("a b", "is refused: the token must be one line of visible ASCII characters without spaces"),
      (nil, "cannot be read: Is a directory"), (String(repeating: "x", count: 65_537), "is longer than 64 KiB; is it the right file?"),
    ] as [(String?, String)])
  func unusable(text: String?, reason: String) throws {
    try read(["token_alice": text, "token_bob": "b"]) { path, read in
      let file = path.appending("token_alice")
      #expect(read.tokens == [1_001: .unusable(reason: "\(file) \(reason)"), 1_002: usable("b")])
      #expect(read.problems.map(\.description) == ["\(file) \(reason); what \(UserName(1_001)) drops waits until it holds a token"])
      #expect(read.problems.map(\.user) == [1_001])
    }
  }

  @Test("of nobody are left alone, and that is said")
  func unknown() throws {
    try read(["token_mallory": "m", "token_": "n", "token_bob": "b"]) { path, read in
      #expect(read.users == [1_002])
      #expect(
        read.problems.map(\.description) == [
          "\(path)/token_: the system knows no such user; the file is left alone",
          "\(path)/token_mallory: the system knows no such user; the file is left alone",
        ])
    }
  }

  @Test("come from the first of two files, in the order of their names")
  func double() throws {
    try read(["token_alice": "named", "token_1001": "numbered"]) { path, read in
      #expect(read.tokens == [1_001: usable("numbered")])
      let words = "\(path)/token_alice: \(UserName(1_001)) has a token in \(path)/token_1001 already, which counts; remove one of them"
      #expect(read.problems.map(\.description) == [words])
    }
  }

  @Test("stay in force where the system cannot say for a moment who a user is")
  func forgottenUser() throws {
    try read(["token_alice": "a", "token_bob": ""]) { path, old in
      let new = UserTokens(in: path) { _ in nil }
      #expect(new.keeping(old).tokens == old.tokens)
      #expect(new.keeping(UserTokens()).tokens.isEmpty)
    }
  }

  @Test("are not sent for whoever has got the number of a user whom the system knows no more: what he drops waits")
  func reusedNumber() throws {
    try read(["token_alice": "a", "token_bob": "b"]) { path, old in
      let new = UserTokens(in: path) { _ in nil }
      let kept = new.keeping(old) { [1_001: "carol", 1_002: "bob"][$0] }
      #expect(kept.users == [1_001, 1_002] && kept.tokens[1_002] == usable("b"))
      #expect(
        kept.tokens[1_001]?.obstacle == "\(path)/token_alice names a user whom the system does not know, and carol has the user id now")
    }
  }

  @Test("stay in force where a file is spoilt, and go where it is gone")
  func kept() throws {
    try read(["token_alice": "a", "token_bob": "b", "token_1003": "c"]) { _, old in
      try read(["token_alice": "", "token_bob": "B"]) { _, new in
        #expect(new.keeping(old).tokens == [1_001: usable("a"), 1_002: usable("B")])
        #expect(new.problems.count == 1)
      }
      let unreadable = UserTokens(in: "/proc/self/no such directory") { Self.users[$0] }
      #expect(unreadable.keeping(old).tokens == old.tokens)
      #expect(
        unreadable.problems.map(\.description) == [
          "api.user_tokens: /proc/self/no such directory cannot be read: No such file or directory; the tokens that were read before stay in force"
        ])
    }
  }

  @Test("do not go to another API, where nothing is sent for whoever's file cannot be read")
  func anotherAPI() throws {
    try read(["token_alice": "a", "token_bob": "b"]) { path, old in
      let unreadable = UserTokens(in: "/proc/self/no such directory") { Self.users[$0] }
      let kept = unreadable.keeping(old.withoutTokens)
      #expect(kept.users == [1_001, 1_002] && kept.tokens.values.allSatisfy { $0.token == nil })
      #expect(kept.tokens[1_001]?.obstacle == "\(path)/token_alice could not be read since another API was set")
      try read(["token_alice": "", "token_bob": "B"]) { path, new in
        let reason = "\(path)/token_alice is empty"
        #expect(new.keeping(old.withoutTokens).tokens == [1_001: .unusable(reason: reason), 1_002: usable("B")])
      }
    }
  }

  @Test(
    "are for whom the system's user database names, or a number that it need not know",
    arguments: [
      ("root", 0), ("0", 0), ("4000000000", 4_000_000_000), ("007", nil), ("+1", nil), ("-1", nil), ("4294967295", nil),
      ("4294967296", nil),
      ("", nil), ("no such user, surely", nil),
    ] as [(String, UInt32?)])
  func users(name: String, user: UInt32?) {
    #expect(UserName.user(named: name) == user)
  }
}
