-- What kind of server this is: its version as a number and as text, how it encodes text, whether it writes to the disk.
SELECT current_setting('server_version_num')::integer AS number, current_setting('server_version') AS version,
       current_setting('server_encoding') AS encoding, current_setting('fsync') AS fsync
