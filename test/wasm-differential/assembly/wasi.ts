// WASI, which Envoy has for the sake of toolchains. Compiled with --use PROBE_OLD=... for an Envoy that has only the first of them.
import * as host from "./hostcalls";
import { line, number, number64, out, poison, utf8 } from "./report";

export function wasi(): void {
  const file = utf8("file");
  const f = changetype<usize>(file);
  for (let fd = 0; fd <= 3; fd++) {
    const n = " " + fd.toString();
    const vectors = out + 32;
    store<u32>(vectors, f);
    store<u32>(vectors + 4, 0);
    poisonFirst();
    line("wasi fd_write nothing" + n, host.fd_write(fd, vectors, 0, out), number(out));
    poisonFirst();
    line("wasi fd_write empty" + n, host.fd_write(fd, vectors, 1, out), number(out));
    poisonFirst();
    line("wasi fd_read" + n, host.fd_read(fd, vectors, 1, out), number(out));
    poisonFirst();
    line("wasi fd_seek" + n, host.fd_seek(fd, 0, 0, out), number64(out));
    line("wasi fd_close" + n, host.fd_close(fd));
    poisonFirst();
  if (!isDefined(PROBE_OLD)) { line("wasi fd_tell" + n, host.fd_tell(fd, out), number64(out)); }
  if (!isDefined(PROBE_OLD)) { line("wasi fd_sync" + n, host.fd_sync(fd)); }
  if (!isDefined(PROBE_OLD)) { line("wasi fd_datasync" + n, host.fd_datasync(fd)); }
  if (!isDefined(PROBE_OLD)) { line("wasi fd_advise" + n, host.fd_advise(fd, 0, 0, 0)); }
  if (!isDefined(PROBE_OLD)) { line("wasi fd_allocate" + n, host.fd_allocate(fd, 0, 0)); }
    poison();
    line("wasi fd_fdstat_get" + n, host.fd_fdstat_get(fd, out), number64(out) + " " + number64(out + 8) + " " + number64(out + 16));
    line("wasi fd_fdstat_set_flags" + n, host.fd_fdstat_set_flags(fd, 0));
  if (!isDefined(PROBE_OLD)) { line("wasi fd_fdstat_set_rights" + n, host.fd_fdstat_set_rights(fd, 0, 0)); }
    poison();
    if (!isDefined(PROBE_OLD)) { line("wasi fd_filestat_get" + n, host.fd_filestat_get(fd, out), number64(out)); }
  if (!isDefined(PROBE_OLD)) { line("wasi fd_filestat_set_size" + n, host.fd_filestat_set_size(fd, 0)); }
  if (!isDefined(PROBE_OLD)) { line("wasi fd_filestat_set_times" + n, host.fd_filestat_set_times(fd, 0, 0, 0)); }
    poison();
    line("wasi fd_prestat_get" + n, host.fd_prestat_get(fd, out), number64(out));
    line("wasi fd_prestat_dir_name" + n, host.fd_prestat_dir_name(fd, out, 4));
  if (!isDefined(PROBE_OLD)) { line("wasi fd_pread" + n, host.fd_pread(fd, vectors, 0, 0, out)); }
    poison();
  if (!isDefined(PROBE_OLD)) { line("wasi fd_pwrite" + n, host.fd_pwrite(fd, vectors, 0, 0, out), number(out)); }
    poison();
  if (!isDefined(PROBE_OLD)) { line("wasi fd_readdir" + n, host.fd_readdir(fd, out + 8, 8, 0, out), number(out)); }
  if (!isDefined(PROBE_OLD)) { line("wasi fd_renumber" + n, host.fd_renumber(fd, 1)); }
  }
  poison();
  line("wasi path_open", host.path_open(3, 0, f, 4, 0, 0, 0, 0, out), number(out));
  if (!isDefined(PROBE_OLD)) { line("wasi path_create_directory", host.path_create_directory(3, f, 4)); }
  if (!isDefined(PROBE_OLD)) { line("wasi path_filestat_get", host.path_filestat_get(3, 0, f, 4, out)); }
  if (!isDefined(PROBE_OLD)) { line("wasi path_filestat_set_times", host.path_filestat_set_times(3, 0, f, 4, 0, 0, 0)); }
  if (!isDefined(PROBE_OLD)) { line("wasi path_link", host.path_link(3, 0, f, 4, 3, f)); }
  poison();
  if (!isDefined(PROBE_OLD)) { line("wasi path_readlink", host.path_readlink(3, f, 4, out + 8, 8, out), number(out)); }
  if (!isDefined(PROBE_OLD)) { line("wasi path_remove_directory", host.path_remove_directory(3, f, 4)); }
  if (!isDefined(PROBE_OLD)) { line("wasi path_rename", host.path_rename(3, f, 4, 3, f, 4)); }
  if (!isDefined(PROBE_OLD)) { line("wasi path_symlink", host.path_symlink(f, 4, 3, f)); }
  if (!isDefined(PROBE_OLD)) { line("wasi path_unlink_file", host.path_unlink_file(3, f, 4)); }
  poison();
  if (!isDefined(PROBE_OLD)) { line("wasi sock_accept", host.sock_accept(3, 0, out), number(out)); }
  poison();
  if (!isDefined(PROBE_OLD)) { line("wasi sock_recv", host.sock_recv(3, out + 32, 0, 0, out, out + 4), number(out) + " " + number(out + 4)); }
  poison();
  if (!isDefined(PROBE_OLD)) { line("wasi sock_send", host.sock_send(3, out + 32, 0, 0, out), number(out)); }
  if (!isDefined(PROBE_OLD)) { line("wasi sock_shutdown", host.sock_shutdown(3, 0)); }
  poison();
  line("wasi poll_oneoff", host.poll_oneoff(out + 32, out + 16, 0, out), number(out));
  line("wasi sched_yield", host.sched_yield());
  for (let id = 0; id < 4; id++) {
    poison();
    const status = host.clock_time_get(id, 0, out);
    line("wasi clock_time_get " + id.toString(), status, status == 0 ? "time" : number64(out));
    poison();
    if (!isDefined(PROBE_OLD)) { line("wasi clock_res_get " + id.toString(), host.clock_res_get(id, out), number64(out)); }
  }
  line("wasi random_get", host.random_get(out, 8));
  line("wasi random_get nothing", host.random_get(out, 0));
  line("wasi random_get too much", host.random_get(out, 0x20000));
  poison();
  line("wasi args_sizes_get", host.args_sizes_get(out, out + 4), number(out) + " " + number(out + 4));
  line("wasi args_get", host.args_get(out, out + 8));
  poison();
  line("wasi environ_sizes_get", host.environ_sizes_get(out, out + 4), number(out) + " " + number(out + 4));
  const list = new ArrayBuffer(64);
  const strings = new ArrayBuffer(256);
  line("wasi environ_get", host.environ_get(changetype<usize>(list), changetype<usize>(strings)), String.UTF8.decodeUnsafe(changetype<usize>(strings), 32, true));
}

function poisonFirst(): void {
  store<u64>(out, 0xaaaaaaaaaaaaaaaa);
}

