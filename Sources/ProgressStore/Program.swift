package import ProgressModel

/// A training program: the plan that progress is made in.
package struct Program: Hashable, Sendable {
  package let id: ProgramID
  package let title: String
  /// How many sessions the document's weeks hold.
  package let totalSessions: Int
  /// The client's JSON text, kept to the byte: the plan has many fields that are none of the server's business.
  package let document: String

  package init(id: ProgramID, title: String, totalSessions: Int, document: String) {
    (self.id, self.title, self.totalSessions, self.document) = (id, title, totalSessions, document)
  }
}

/// A program as a listing shows it.
package struct ProgramSummary: Hashable, Sendable {
  package let id: ProgramID
  package let title: String
  package let totalSessions: Int
  package let createdAt: Timestamp
  package let updatedAt: Timestamp

  package init(id: ProgramID, title: String, totalSessions: Int, createdAt: Timestamp, updatedAt: Timestamp) {
    (self.id, self.title, self.totalSessions) = (id, title, totalSessions)
    (self.createdAt, self.updatedAt) = (createdAt, updatedAt)
  }
}
