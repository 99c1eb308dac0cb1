import GRDB

extension SQLiteProgressStore {
  /// The steps that made the schema what it is; a step that was once released is never changed.
  ///
  /// Instants are RFC 3339 texts in UTC and JSON is text, so that a person who selects rows can read them.
  static var migrator: DatabaseMigrator {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("1: programs and progress logs") { db in
      try db.execute(sql: programs)
      try db.execute(sql: progressLogs)
    }
    return migrator
  }

  private static let programs = """
    CREATE TABLE programs (
      user_id        TEXT NOT NULL,
      id             TEXT NOT NULL,
      title          TEXT NOT NULL,
      total_sessions INTEGER NOT NULL,
      document       TEXT NOT NULL CHECK (json_valid(document)),
      created_at     TEXT NOT NULL,
      updated_at     TEXT NOT NULL,
      PRIMARY KEY (user_id, id)
    ) STRICT;
    """

  private static let progressLogs = """
    CREATE TABLE progress_logs (
      id           INTEGER PRIMARY KEY AUTOINCREMENT,
      user_id      TEXT NOT NULL,
      program_id   TEXT NOT NULL,
      week_number  INTEGER NOT NULL CHECK (week_number BETWEEN 1 AND 1000),
      day_number   INTEGER NOT NULL CHECK (day_number BETWEEN 1 AND 1000),
      completed    INTEGER NOT NULL CHECK (completed IN (0, 1)),
      completed_at TEXT CHECK (completed = (completed_at IS NOT NULL)),
      feedback     TEXT NOT NULL CHECK (json_valid(feedback)),
      created_at   TEXT NOT NULL,
      updated_at   TEXT NOT NULL,
      UNIQUE (user_id, program_id, week_number, day_number),
      FOREIGN KEY (user_id, program_id) REFERENCES programs (user_id, id) ON DELETE CASCADE
    ) STRICT;
    CREATE INDEX progress_logs_by_user_and_program ON progress_logs (user_id, program_id);
    CREATE INDEX progress_logs_by_week_and_day ON progress_logs (week_number, day_number);
    CREATE INDEX progress_logs_by_completion ON progress_logs (completed, completed_at);
    """
}
