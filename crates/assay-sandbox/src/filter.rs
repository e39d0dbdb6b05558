//! Which system calls the isolated program may make.
//!
//! Namespaces take the world away; the filter takes away the tools to build another one, the parts of the kernel that
//! ordinary programs never use and attackers do, and memory that no limit counts. It is a list of what is refused: a
//! list of what is allowed would have to know every interpreter. Refused calls fail with `EPERM`; calls newer than the
//! list do not exist (`ENOSYS`), and so the C library falls back to older ones. The programs are written out, since the
//! two things that matter most here, the x32 calls of x86-64 and everything above a number, are ranges.

pub(crate) type Instruction = libc::sock_filter;

// Offsets in the kernel's `seccomp_data`; every machine served here is little-endian, so an argument's low half is first.
const NUMBER: u32 = 0;
const ARCHITECTURE: u32 = 4;
const fn argument(at: u32) -> u32 {
    16 + 8 * at
}

#[cfg(target_arch = "x86_64")]
const THIS_ARCHITECTURE: u32 = 0xC000_003E;
#[cfg(target_arch = "aarch64")]
const THIS_ARCHITECTURE: u32 = 0xC000_00B7;
// On others the filter ends every program, so that no backend passes the check.
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
const THIS_ARCHITECTURE: u32 = 0;

/// The last system call that the list below was made for: `futex_requeue` of Linux 6.7. It also keeps out x32, whose
/// numbers start at 2^30.
const LAST: u32 = 456;

/// `clone` with any of them makes a namespace.
const NAMESPACES: u32 = (libc::CLONE_NEWUSER
    | libc::CLONE_NEWNS
    | libc::CLONE_NEWPID
    | libc::CLONE_NEWNET
    | libc::CLONE_NEWIPC
    | libc::CLONE_NEWUTS
    | libc::CLONE_NEWCGROUP) as u32;

/// Refused whatever the arguments.
const REFUSED: &[libc::c_long] = &[
    // Other processes.
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_process_madvise,
    libc::SYS_kcmp,
    libc::SYS_pidfd_getfd,
    // Another view of the world.
    libc::SYS_unshare,
    libc::SYS_setns,
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_move_mount,
    libc::SYS_open_tree,
    libc::SYS_fsopen,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fspick,
    libc::SYS_mount_setattr,
    libc::SYS_name_to_handle_at,
    libc::SYS_open_by_handle_at,
    libc::SYS_quotactl,
    libc::SYS_fanotify_init,
    // Memory that no limit counts, or that outlives the process.
    libc::SYS_memfd_create,
    libc::SYS_memfd_secret,
    libc::SYS_shmget,
    libc::SYS_shmat,
    libc::SYS_semget,
    libc::SYS_msgget,
    libc::SYS_mq_open,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_keyctl,
    // Wide parts of the kernel.
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    libc::SYS_vmsplice,
    // The machine.
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_kexec_load,
    libc::SYS_kexec_file_load,
    libc::SYS_reboot,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    libc::SYS_acct,
    libc::SYS_syslog,
    libc::SYS_vhangup,
    libc::SYS_settimeofday,
    libc::SYS_clock_settime,
    libc::SYS_clock_adjtime,
    libc::SYS_adjtimex,
    libc::SYS_sethostname,
    libc::SYS_setdomainname,
    libc::SYS_personality,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_iopl,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_ioperm,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_modify_ldt,
];

const fn plain(code: u32, k: u32) -> Instruction {
    libc::sock_filter { code: code as u16, jt: 0, jf: 0, k }
}

const fn jump(how: u32, k: u32, yes: u8, no: u8) -> Instruction {
    libc::sock_filter { code: (libc::BPF_JMP | how | libc::BPF_K) as u16, jt: yes, jf: no, k }
}

const fn load(offset: u32) -> Instruction {
    plain(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, offset)
}

const fn answer(with: u32) -> Instruction {
    plain(libc::BPF_RET | libc::BPF_K, with)
}

const fn refuse(error: libc::c_int) -> Instruction {
    answer(libc::SECCOMP_RET_ERRNO | error as u32)
}

const ALLOW: Instruction = answer(libc::SECCOMP_RET_ALLOW);

/// The program.
pub(crate) fn program() -> Vec<Instruction> {
    let number = |call: libc::c_long| call as u32;
    let mut list = vec![
        load(ARCHITECTURE),
        jump(libc::BPF_JEQ, THIS_ARCHITECTURE, 1, 0),
        answer(libc::SECCOMP_RET_KILL_PROCESS),
        load(NUMBER),
        jump(libc::BPF_JGT, LAST, 0, 1),
        refuse(libc::ENOSYS),
        // Its flags lie in memory, where a filter cannot look; the C library then uses `clone`.
        jump(libc::BPF_JEQ, number(libc::SYS_clone3), 0, 1),
        refuse(libc::ENOSYS),
    ];
    for call in REFUSED {
        list.extend([jump(libc::BPF_JEQ, number(*call), 0, 1), refuse(libc::EPERM)]);
    }
    // Each block leaves the program if the call is its own.
    list.extend([
        jump(libc::BPF_JEQ, number(libc::SYS_clone), 0, 4),
        load(argument(0)),
        jump(libc::BPF_JSET, NAMESPACES, 0, 1),
        refuse(libc::EPERM),
        ALLOW,
        // Pipes between its own processes are sockets for some; the network is not.
        jump(libc::BPF_JEQ, number(libc::SYS_socket), 0, 4),
        load(argument(0)),
        jump(libc::BPF_JEQ, libc::AF_UNIX as u32, 1, 0),
        refuse(libc::EPERM),
        ALLOW,
        // Putting characters into a terminal's input.
        jump(libc::BPF_JEQ, number(libc::SYS_ioctl), 0, 5),
        load(argument(1)),
        jump(libc::BPF_JEQ, libc::TIOCSTI as u32, 1, 0),
        jump(libc::BPF_JEQ, 0x541C, 0, 1),
        refuse(libc::EPERM),
        ALLOW,
        ALLOW,
    ]);
    list
}
