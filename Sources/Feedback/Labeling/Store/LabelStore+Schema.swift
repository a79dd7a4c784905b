internal import GRDB

extension LabelStore {
  /// Every version of the schema and how to get to the next; never change one that was released.
  static var migrator: DatabaseMigrator {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("1: verdicts, pairs and labels") { db in
      try db.execute(
        sql: """
          -- One answer of a judge to one question, in the order shown.
          CREATE TABLE verdict (
            key BLOB PRIMARY KEY NOT NULL,
            judge_id TEXT NOT NULL,
            judge_version TEXT NOT NULL,
            principle_id TEXT NOT NULL,
            log_probability_first REAL NOT NULL,
            log_probability_second REAL NOT NULL,
            is_tie INTEGER NOT NULL,
            measure_first REAL,
            measure_second REAL,
            raw_choice TEXT NOT NULL
          ) WITHOUT ROWID;

          -- The pairs of each dataset; position is the order in which they were first stored. Texts
          -- are UTF-8 in blobs, since SQLite cuts text at NUL.
          CREATE TABLE pair (
            position INTEGER PRIMARY KEY AUTOINCREMENT,
            dataset TEXT NOT NULL,
            id TEXT NOT NULL,
            prompt BLOB NOT NULL,
            response_a BLOB NOT NULL,
            response_b BLOB NOT NULL,
            source TEXT NOT NULL,
            UNIQUE (dataset, id)
          );

          -- Labels, both orders averaged. principle_hash is the hash of the principle's text when
          -- it was judged, or empty for labels given elsewhere.
          CREATE TABLE label (
            pair_position INTEGER NOT NULL REFERENCES pair (position),
            principle_id TEXT NOT NULL,
            principle_hash TEXT NOT NULL,
            judge_id TEXT NOT NULL,
            judge_version TEXT NOT NULL,
            probability_a REAL NOT NULL,
            log_probability_a REAL NOT NULL,
            log_probability_b REAL NOT NULL,
            is_order_consistent INTEGER NOT NULL,
            is_tie INTEGER NOT NULL,
            score_a REAL,
            score_b REAL,
            raw_forward TEXT,
            raw_reversed TEXT,
            PRIMARY KEY (pair_position, principle_id, principle_hash, judge_id)
          ) WITHOUT ROWID;
          """
      )
    }
    migrator.registerMigration("2: requests and their answers") { db in
      try db.execute(
        sql: """
          -- Every request that was sent, for the costs: written before it goes out with the most it may
          -- cost (picodollars), and again when its end is known. state is a RequestState.
          CREATE TABLE request (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            key BLOB NOT NULL,
            run_id TEXT NOT NULL,
            judge_id TEXT NOT NULL,
            principle_id TEXT NOT NULL,
            state INTEGER NOT NULL,
            cost INTEGER NOT NULL,
            prompt_bytes INTEGER NOT NULL,
            prompt_tokens INTEGER NOT NULL DEFAULT 0,
            cached_tokens INTEGER NOT NULL DEFAULT 0,
            completion_tokens INTEGER NOT NULL DEFAULT 0,
            seconds REAL NOT NULL DEFAULT 0
          );
          CREATE INDEX request_by_key ON request (key);

          -- What endpoints answered, as the part of it that verdicts are read from.
          CREATE TABLE answer (
            key BLOB PRIMARY KEY NOT NULL,
            completion BLOB NOT NULL
          ) WITHOUT ROWID;
          """
      )
    }
    migrator.registerMigration("3: orders, opinions and deferrals") { db in
      let labelColumns = """
        pair_position INTEGER NOT NULL REFERENCES pair (position),
        principle_id TEXT NOT NULL,
        principle_hash TEXT NOT NULL,
        judge_id TEXT NOT NULL,
        judge_version TEXT NOT NULL,
        probability_a REAL NOT NULL,
        log_probability_a REAL NOT NULL,
        log_probability_b REAL NOT NULL,
        is_order_consistent INTEGER NOT NULL,
        is_tie INTEGER NOT NULL,
        score_a REAL,
        score_b REAL,
        raw_forward TEXT,
        raw_reversed TEXT,
        forward_probability_a REAL,
        reversed_probability_a REAL
        """
      try db.execute(
        sql: """
          ALTER TABLE label ADD COLUMN forward_probability_a REAL;
          ALTER TABLE label ADD COLUMN reversed_probability_a REAL;

          -- What each member of a panel said; the panel's own label is in label.
          CREATE TABLE opinion (
            \(labelColumns),
            PRIMARY KEY (pair_position, principle_id, principle_hash, judge_id)
          ) WITHOUT ROWID;

          -- What judges were too unsure about and people decide. resolution is a, b, tie or discard.
          CREATE TABLE deferral (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            \(labelColumns),
            reason TEXT NOT NULL,
            resolution TEXT,
            annotator TEXT,
            UNIQUE (pair_position, principle_id, principle_hash)
          );
          """
      )
    }
    migrator.registerMigration("4: batches") { db in
      try db.execute(
        sql: """
          -- Batches of requests, from before they are sent. token marks ours among the endpoint's;
          -- state is a BatchState.
          CREATE TABLE batch (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            token TEXT NOT NULL,
            judge_id TEXT NOT NULL,
            run_id TEXT NOT NULL,
            state TEXT NOT NULL,
            attempt INTEGER NOT NULL,
            remote_id TEXT,
            note TEXT NOT NULL DEFAULT ''
          );

          -- What each batch asks; request_id is the row in the books.
          CREATE TABLE batch_request (
            request_id INTEGER PRIMARY KEY NOT NULL REFERENCES request (id),
            batch_id INTEGER NOT NULL REFERENCES batch (id),
            body BLOB NOT NULL
          );
          CREATE INDEX batch_request_by_batch ON batch_request (batch_id);
          """
      )
    }
    return migrator
  }
}
