import CrashPoints
import GRDB

/// The tables of the queue, from the first version on. A migration that has shipped is never edited.
enum Schema {
  static var migrator: DatabaseMigrator {
    var migrator = DatabaseMigrator()
    func register(_ name: String, _ step: @escaping @Sendable (Database) throws -> Void) {
      migrator.registerMigration(name) { database in
        CrashPoint.migrating.reach()
        try step(database)
        CrashPoint.migrated.reach()
      }
    }
    register("1: queue and receipts", createQueue)
    register("2: company, turns of programs, pause", addCompany)
    register("3: totals, suspension, discards", addTotals)
    register("4: accounts, senders", addAccounts)
    return migrator
  }

  static func migrate(_ database: DatabaseQueue) throws {
    guard try !database.read(migrator.hasBeenSuperseded) else { throw SyncStoreError.newer(path: database.path) }
    try migrator.migrate(database)
  }

  /// For readers, who must not migrate: throws unless the file is of this very version.
  static func requireCurrent(_ database: Database) throws {
    guard try !migrator.hasBeenSuperseded(database) else { throw SyncStoreError.newer(path: "the queue") }
    guard try migrator.hasCompletedMigrations(database) else {
      throw SyncStoreError.other("the queue is of an older version: start this version's progress-syncd once")
    }
  }

  private static func createQueue(_ database: Database) throws {
    try database.execute(
      sql: """
        -- One row per key. A newer write of a key replaces the row and gets a sequence of its own, never used again.
        CREATE TABLE writes (
          sequence INTEGER PRIMARY KEY AUTOINCREMENT,
          id TEXT NOT NULL,
          program_id TEXT NOT NULL,
          week_number INTEGER NOT NULL,
          day_number INTEGER NOT NULL,
          field TEXT NOT NULL CHECK (field IN ('completion', 'intensity', 'schedule', 'exercise')),
          exercise_id TEXT NOT NULL DEFAULT '',
          value TEXT NOT NULL CHECK (json_valid(value)),
          recorded_at_ms INTEGER NOT NULL,
          accepted_at_ms INTEGER NOT NULL,
          -- When the first of the changes was accepted that this row replaced unsent.
          waiting_since_ms INTEGER NOT NULL,
          state TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'retrying', 'parked', 'failed')),
          due_at_ms INTEGER,
          failures INTEGER NOT NULL DEFAULT 0,
          is_alone INTEGER NOT NULL DEFAULT 0,
          -- Set while only the API's own trouble keeps it: the last attempt got no answer at all, or met a refused token.
          is_put_off INTEGER NOT NULL DEFAULT 0,
          last_status INTEGER,
          last_reason TEXT,
          sender_uid INTEGER NOT NULL,
          CHECK ((state = 'failed') = (due_at_ms IS NULL))
        ) STRICT;
        CREATE UNIQUE INDEX writes_by_key ON writes (program_id, week_number, day_number, field, exercise_id);
        -- Covers the search for sessions that are due, which may have to step over many rows of those that are busy.
        CREATE INDEX writes_by_due ON writes (due_at_ms, sequence, program_id, week_number, day_number) WHERE due_at_ms IS NOT NULL;
        CREATE INDEX writes_put_off ON writes (due_at_ms, sequence) WHERE is_put_off;

        -- Claimed files whose actions are in; kept until their removal is known to be durable.
        CREATE TABLE receipts (
          claim TEXT PRIMARY KEY,
          accepted_at_ms INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;

        -- Clients' own ids of actions, so that dropping one twice is harmless.
        CREATE TABLE client_actions (
          sender_uid INTEGER NOT NULL,
          id TEXT NOT NULL,
          accepted_at_ms INTEGER NOT NULL,
          PRIMARY KEY (sender_uid, id)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX client_actions_by_age ON client_actions (accepted_at_ms);

        -- What would take a scan to count; kept by triggers, so it cannot drift from the rows.
        CREATE TABLE tallies (
          state TEXT PRIMARY KEY,
          number INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        INSERT INTO tallies VALUES ('waiting', 0), ('retrying', 0), ('parked', 0), ('failed', 0);
        CREATE TRIGGER writes_inserted AFTER INSERT ON writes BEGIN
          UPDATE tallies SET number = number + 1 WHERE state = NEW.state;
        END;
        CREATE TRIGGER writes_deleted AFTER DELETE ON writes BEGIN
          UPDATE tallies SET number = number - 1 WHERE state = OLD.state;
        END;
        CREATE TRIGGER writes_moved AFTER UPDATE OF state ON writes WHEN NEW.state <> OLD.state BEGIN
          UPDATE tallies SET number = number - 1 WHERE state = OLD.state;
          UPDATE tallies SET number = number + 1 WHERE state = NEW.state;
        END;

        CREATE TABLE last_sync (
          id INTEGER PRIMARY KEY CHECK (id = 1),
          at_ms INTEGER
        ) STRICT;
        INSERT INTO last_sync VALUES (1, NULL);
        """)
  }

  private static func addCompany(_ database: Database) throws {
    try database.execute(
      sql: """
        -- How many sessions a request with this write may be about, 0 for a request of its own; NULL: any number. It takes the place of
        -- is_alone, which stays: a rescue reads rows of any version by their shape, so columns are only ever added to the end.
        ALTER TABLE writes ADD COLUMN company_limit INTEGER;
        UPDATE writes SET company_limit = 0 WHERE is_alone;

        -- For the turns of programs, and for what was never tried.
        CREATE INDEX writes_by_program ON writes (program_id, due_at_ms, sequence, week_number, day_number) WHERE due_at_ms IS NOT NULL;
        CREATE INDEX writes_fresh ON writes (due_at_ms, sequence, program_id, week_number, day_number) WHERE state = 'waiting';

        -- Until when the API does not want to be called, and how long that was when it said so.
        CREATE TABLE pause (
          id INTEGER PRIMARY KEY CHECK (id = 1),
          until_ms INTEGER,
          length_ms INTEGER,
          reason TEXT,
          CHECK ((until_ms IS NULL) = (length_ms IS NULL) AND (until_ms IS NULL) = (reason IS NULL))
        ) STRICT;
        INSERT INTO pause VALUES (1, NULL, NULL, NULL);
        """)
  }

  private static func addTotals(_ database: Database) throws {
    try database.execute(
      sql: """
        -- The few that have failed are listed however many wait, and the oldest that waits is found however many have failed.
        CREATE INDEX writes_failed ON writes (sequence, sender_uid) WHERE state = 'failed';
        CREATE INDEX writes_failed_by_sender ON writes (sender_uid, sequence) WHERE state = 'failed';
        CREATE INDEX writes_pending ON writes (sequence) WHERE state <> 'failed';

        -- When the client's file was complete in the spool; NULL in rows of older versions.
        ALTER TABLE writes ADD COLUMN dropped_at_ms INTEGER;

        -- See QueueTotals: accepted = superseded + delivered + discarded + lost + the number of rows in writes.
        CREATE TABLE totals (
          id INTEGER PRIMARY KEY CHECK (id = 1),
          accepted INTEGER NOT NULL DEFAULT 0,
          superseded INTEGER NOT NULL DEFAULT 0,
          delivered INTEGER NOT NULL DEFAULT 0,
          discarded INTEGER NOT NULL DEFAULT 0,
          lost INTEGER NOT NULL DEFAULT 0,
          refused INTEGER NOT NULL DEFAULT 0,
          deferred INTEGER NOT NULL DEFAULT 0,
          throttled INTEGER NOT NULL DEFAULT 0,
          unreachable INTEGER NOT NULL DEFAULT 0,
          unauthorized INTEGER NOT NULL DEFAULT 0,
          unsupported INTEGER NOT NULL DEFAULT 0
        ) STRICT;
        INSERT INTO totals (id, accepted) SELECT 1, sum(number) FROM tallies;

        -- A person's wish that nothing is sent; no row when there is none. until_ms is NULL when it has no end.
        CREATE TABLE suspension (
          id INTEGER PRIMARY KEY CHECK (id = 1),
          since_ms INTEGER NOT NULL,
          until_ms INTEGER,
          length_ms INTEGER,
          by_uid INTEGER NOT NULL,
          CHECK ((until_ms IS NULL) = (length_ms IS NULL))
        ) STRICT;

        -- Keys whose write a person has discarded, as long as no newer one was accepted: nothing else tells that from a delivery. The
        -- last columns tell the records apart from those of writes_by_key.
        CREATE TABLE discards (
          program_id TEXT NOT NULL,
          week_number INTEGER NOT NULL,
          day_number INTEGER NOT NULL,
          field TEXT NOT NULL,
          exercise_id TEXT NOT NULL,
          discarded_at_ms INTEGER NOT NULL,
          by_uid INTEGER NOT NULL,
          -- Whoever had dropped the write.
          sender_uid INTEGER NOT NULL,
          PRIMARY KEY (program_id, week_number, day_number, field, exercise_id)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX discards_by_age ON discards (discarded_at_ms);
        """)
  }

  private static func addAccounts(_ database: Database) throws {
    try database.execute(
      sql: """
        -- Whose token a write goes out with: -1 is the common one, any other that of the user with this id. Keys are an account's own.
        ALTER TABLE writes ADD COLUMN account INTEGER NOT NULL DEFAULT -1 CHECK (account IN (-1, sender_uid));

        -- As before, with the account first: what is held is stepped over as a whole, however much of it waits.
        DROP INDEX writes_by_key;
        DROP INDEX writes_by_due;
        DROP INDEX writes_put_off;
        DROP INDEX writes_by_program;
        DROP INDEX writes_fresh;
        CREATE UNIQUE INDEX writes_by_key ON writes (account, program_id, week_number, day_number, field, exercise_id);
        CREATE INDEX writes_by_due ON writes (account, due_at_ms, sequence, program_id, week_number, day_number)
          WHERE due_at_ms IS NOT NULL;
        CREATE INDEX writes_put_off ON writes (account, due_at_ms, sequence) WHERE is_put_off;
        CREATE INDEX writes_by_program ON writes (account, program_id, due_at_ms, sequence, week_number, day_number)
          WHERE due_at_ms IS NOT NULL;
        CREATE INDEX writes_fresh ON writes (account, due_at_ms, sequence, program_id, week_number, day_number)
          WHERE state = 'waiting';

        -- Who has how much in the queue, and in which accounts: what bounds and turns go by. Kept by triggers, as the tallies are.
        CREATE TABLE senders (
          account INTEGER NOT NULL,
          sender_uid INTEGER NOT NULL,
          number INTEGER NOT NULL,
          -- Of values, in UTF-8.
          bytes INTEGER NOT NULL,
          PRIMARY KEY (account, sender_uid)
        ) STRICT, WITHOUT ROWID;
        INSERT INTO senders
          SELECT account, sender_uid, count(*), sum(length(CAST(value AS BLOB))) FROM writes GROUP BY account, sender_uid;
        CREATE TRIGGER senders_gain AFTER INSERT ON writes BEGIN
          INSERT INTO senders VALUES (NEW.account, NEW.sender_uid, 1, length(CAST(NEW.value AS BLOB)))
            ON CONFLICT DO UPDATE SET number = number + 1, bytes = bytes + excluded.bytes;
        END;
        CREATE TRIGGER senders_lose AFTER DELETE ON writes BEGIN
          UPDATE senders SET number = number - 1, bytes = bytes - length(CAST(OLD.value AS BLOB))
            WHERE account = OLD.account AND sender_uid = OLD.sender_uid;
        END;
        CREATE TRIGGER senders_move AFTER UPDATE OF account ON writes BEGIN
          UPDATE senders SET number = number - 1, bytes = bytes - length(CAST(OLD.value AS BLOB))
            WHERE account = OLD.account AND sender_uid = OLD.sender_uid;
          INSERT INTO senders VALUES (NEW.account, NEW.sender_uid, 1, length(CAST(NEW.value AS BLOB)))
            ON CONFLICT DO UPDATE SET number = number + 1, bytes = bytes + excluded.bytes;
        END;

        ALTER TABLE discards RENAME TO discards_of_keys;
        CREATE TABLE discards (
          account INTEGER NOT NULL,
          program_id TEXT NOT NULL,
          week_number INTEGER NOT NULL,
          day_number INTEGER NOT NULL,
          field TEXT NOT NULL,
          exercise_id TEXT NOT NULL,
          discarded_at_ms INTEGER NOT NULL,
          by_uid INTEGER NOT NULL,
          sender_uid INTEGER NOT NULL,
          PRIMARY KEY (account, program_id, week_number, day_number, field, exercise_id)
        ) STRICT, WITHOUT ROWID;
        INSERT INTO discards SELECT -1, * FROM discards_of_keys;
        DROP TABLE discards_of_keys;
        CREATE INDEX discards_by_age ON discards (discarded_at_ms);

        -- How many ids of actions are remembered of each sender, so that no flood of them makes the queue grow without an end.
        DROP INDEX client_actions_by_age;
        CREATE INDEX client_actions_by_age ON client_actions (sender_uid, accepted_at_ms);
        CREATE TABLE client_action_tallies (
          sender_uid INTEGER PRIMARY KEY,
          number INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        INSERT INTO client_action_tallies SELECT sender_uid, count(*) FROM client_actions GROUP BY sender_uid;
        CREATE TRIGGER client_actions_inserted AFTER INSERT ON client_actions BEGIN
          INSERT INTO client_action_tallies VALUES (NEW.sender_uid, 1) ON CONFLICT DO UPDATE SET number = number + 1;
        END;
        CREATE TRIGGER client_actions_deleted AFTER DELETE ON client_actions BEGIN
          UPDATE client_action_tallies SET number = number - 1 WHERE sender_uid = OLD.sender_uid;
        END;
        """)
  }
}
