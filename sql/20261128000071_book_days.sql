-- Sums by day, so that a month need not be added up from its rows each time. They follow from the ledger: without
-- them every figure is the same, and takes longer.

create table purse.book_days (
    after_id    bigint  not null,
    last_id     bigint  not null,
    book_column text    not null,
    unit        text    not null,
    test_mode   boolean not null,
    value       bigint  not null,
    constraint book_days_pkey primary key (last_id, book_column, unit, test_mode),
    constraint book_days_are_not_empty check (last_id > after_id)
);

comment on table purse.book_days is
    'What the ledger rows with ids in (after_id, last_id] add up to: usually those of a day. Append only.';

alter table purse.book_days enable row level security;
revoke all on purse.book_days from public, anon, authenticated, service_role;

create trigger book_days_only_grow
    before update or delete or truncate on purse.book_days
    for each statement execute function purse.forbid_book_change();
alter table purse.book_days enable always trigger book_days_only_grow;

create function purse.book_sums(
    p_after bigint,
    p_to    bigint
)
    returns table (
        book_column text,
        unit        text,
        test_mode   boolean,
        value       bigint
    )
    language sql
    stable
    rows 50
    set search_path = ''
as $$
    with days as (
        select distinct d.after_id, d.last_id
        from purse.book_days d
        where d.last_id > p_after
            and d.last_id <= p_to
            and d.after_id >= p_after
    ),
    gaps as (
        select lag(d.last_id, 1, p_after) over (order by d.last_id) as after_id, d.after_id as last_id
        from days d
        union all
        select coalesce(max(d.last_id), p_after), p_to
        from days d
    ),
    parts as (
        select d.book_column, d.unit, d.test_mode, d.value
        from purse.book_days d
        where d.last_id > p_after
            and d.last_id <= p_to
            and d.after_id >= p_after
        union all
        select m.book_column, m.unit, m.test_mode, m.value
        from gaps g
        cross join lateral purse.book_movements(g.after_id, g.last_id) m
        where g.last_id > g.after_id
    )
    select p.book_column, p.unit, p.test_mode, sum(p.value)::bigint
    from parts p
    group by p.book_column, p.unit, p.test_mode
$$;

comment on function purse.book_sums(bigint, bigint) is
'As purse.book_movements, but adds up days where there are any, and ledger rows only between them and after them.';
revoke all on function purse.book_sums(bigint, bigint) from public, anon, authenticated, service_role;

create function purse.sum_days_to(
    p_to   bigint,
    p_from bigint default 0
)
    returns void
    language plpgsql
    set search_path = ''
as $$
declare
    v_after bigint := greatest(
        (select max(d.last_id) from purse.book_days d), (select max(b.last_id) from public.book_months b), p_from
    );
begin
    if p_to > v_after then
        insert into purse.book_days
        select v_after, p_to, m.book_column, m.unit, m.test_mode, m.value
        from purse.book_movements(v_after, p_to) m;
    end if;
end
$$;

comment on function purse.sum_days_to(bigint, bigint) is
'Adds up the ledger rows after p_from and up to p_to that are in no day and no sealed month yet. No row up to p_to may still be uncommitted.';
revoke all on function purse.sum_days_to(bigint, bigint) from public, anon, authenticated, service_role;
