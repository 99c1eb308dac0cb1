import Testing

/// One command, and what it comes to for each person.
struct Trial: Sendable {
  let arguments: [String]
  let answers: [Person: Answer]

  /// What is said and returned.
  struct Answer: Sendable {
    var status: Int32 = 0
    var words: [String] = []
    var silentOf: [String] = []

    static func done(_ words: String..., silentOf: [String] = []) -> Answer { Answer(words: words, silentOf: silentOf) }
    static func refused(_ status: Int32, _ words: String...) -> Answer { Answer(status: status, words: words) }

    /// What becomes of whoever may not connect.
    static let turnedAway = Answer(
      status: 77,
      words: [
        "you may not connect to ", ": be a member of group users; sudo usermod -aG users $USER and a new login, or try again with sudo",
      ])
  }

  init(arguments: [String], answers: [Person: Answer]) {
    (self.arguments, self.answers) = (arguments, answers)
  }

  /// - Parameters:
  ///   - line: The arguments with blanks between them.
  ///   - stranger: What it comes to outside the group, which most commands tell alike.
  init(_ line: String, owner: Answer, member: Answer, root: Answer, stranger: Answer = .turnedAway) {
    arguments = line.split(separator: " ").map(String.init)
    answers = [.owner: owner, .member: member, .root: root, .stranger: stranger]
  }

  /// For a command that comes to the same for everybody in the group.
  init(_ line: String, all answer: Answer, stranger: Answer = .turnedAway) {
    self.init(line, owner: answer, member: answer, root: answer, stranger: stranger)
  }

  /// For one that is about the daemon, and not about what somebody has dropped.
  init(administrators line: String, _ answer: Answer) {
    let refusal = Answer.refused(77, " is for root and for the user that the daemon runs as: try sudo")
    self.init(line, owner: refusal, member: refusal, root: answer)
  }

  /// Has one person try it.
  func run(as person: Person, on machine: Workstation) async throws {
    let expected = try #require(answers[person])
    let found = try await machine.progressctl(as: person, arguments)
    let trial: Comment = "\(arguments.joined(separator: " ")) as \(person.rawValue): \(found.status), \(found.words)"
    #expect(found.status == expected.status, trial)
    for words in expected.words { #expect(found.words.contains(words), trial) }
    for words in expected.silentOf { #expect(!found.words.contains(words), trial) }
    // A failure is one line, which names the program.
    #expect(found.status == 0 || found.words.contains("progressctl: "), trial)
  }
}
