-- A front-end exchange database (前置库): the tables of the national service-case interface (政务服务办件) that
-- bizclock reads, as an upstream system might make them, and a role that may read them and nothing else.
--
-- Columns that bizclock does not read are left out, but for a few. `region`, `channel` and `extend_days` are an
-- office's own; the mapping in bizclock.yaml names them.

CREATE TABLE up_pro_accept (
  row_guid          varchar(50)  PRIMARY KEY,
  cd_operation      varchar(2)   NOT NULL,      -- I, U or D
  cd_time           timestamp    NOT NULL,
  cd_batch          varchar(32),
  data_source       varchar(3),
  project_no        varchar(50)  NOT NULL,      -- 办件编号
  task_code         varchar(36)  NOT NULL,      -- 实施编码
  task_name         varchar(1000),
  applyer_name      varchar(100),
  applyer_type      varchar(2),
  applyer_page_code varchar(500),               -- may be the number of an identity card: not read
  apply_date        timestamp    NOT NULL,
  accept_date       timestamp,
  promise_date      timestamp,
  org_name          varchar(100),
  org_code          varchar(64),
  region            varchar(12),
  channel           varchar(20)
);

CREATE TABLE up_pro_process (
  row_guid         varchar(50)   PRIMARY KEY,
  cd_operation     varchar(2)    NOT NULL,
  cd_time          timestamp     NOT NULL,
  cd_batch         varchar(32),
  data_source      varchar(3),
  project_no       varchar(50)   NOT NULL,
  process_name     varchar(1000) NOT NULL,      -- 办理环节名称
  event_name       varchar(2),
  event_start_time timestamp     NOT NULL,
  event_end_time   timestamp     NOT NULL,      -- equal to the start: not ended yet
  handle_user_name varchar(100)
);

CREATE TABLE up_pro_result (
  row_guid       varchar(50)     PRIMARY KEY,
  cd_operation   varchar(2)      NOT NULL,
  cd_time        timestamp       NOT NULL,
  cd_batch       varchar(32),
  data_source    varchar(3),
  project_no     varchar(50)     NOT NULL,
  result_date    timestamp       NOT NULL,
  result_type    varchar(2)      NOT NULL,
  result_explain varchar(2000)
);

CREATE TABLE up_pro_special_procedure (
  row_guid       varchar(50)     PRIMARY KEY,
  cd_operation   varchar(2)      NOT NULL,
  cd_time        timestamp       NOT NULL,
  cd_batch       varchar(32),
  data_source    varchar(3),
  project_no     varchar(50)     NOT NULL,
  special_type   varchar(2)      NOT NULL,      -- 1 extends the limit, 2 stops the clock
  special_name   varchar(1000),
  special_reason varchar(2000),
  special_time   timestamp       NOT NULL,
  end_time       timestamp       NOT NULL,      -- equal to the start: not ended yet
  extend_days    integer
);

-- What each reading asks for, and each night's comparison (row_guid, above).
CREATE INDEX ON up_pro_accept (cd_time, row_guid);
CREATE INDEX ON up_pro_process (cd_time, row_guid);
CREATE INDEX ON up_pro_result (cd_time, row_guid);
CREATE INDEX ON up_pro_special_procedure (cd_time, row_guid);

-- The reader. Give it a password with \password, and bizclock that in a password file.
CREATE ROLE bizclock_exchange LOGIN;
GRANT USAGE ON SCHEMA public TO bizclock_exchange;
GRANT SELECT ON up_pro_accept, up_pro_process, up_pro_result, up_pro_special_procedure TO bizclock_exchange;
