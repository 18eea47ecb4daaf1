-- Where a month begins and ends in the ledger, and how it is sealed.

create function purse.book_timezone(p_timezone text)
    returns text
    language plpgsql
    stable
    set search_path = ''
as $$
declare
    v_fixed text := (select b.timezone from public.book_months b limit 1);
begin
    if v_fixed <> p_timezone then
        raise exception using
            errcode = 'PT409',
            message = 'the first seal fixed another time zone',
            detail = 'books_timezone_fixed:' || v_fixed;
    end if;
    perform now() at time zone p_timezone;
    return p_timezone;
exception
    when invalid_parameter_value then
        raise exception using errcode = 'PT422', message = 'no such time zone', detail = 'unknown_timezone';
end
$$;

comment on function purse.book_timezone(text) is
'Returns the time zone of the books. Raises PT409 with books_timezone_fixed:<zone> as detail if a seal has fixed
another one, PT422 with unknown_timezone if Postgres does not know it.';
revoke all on function purse.book_timezone(text) from public, anon, authenticated, service_role;

create function purse.last_ids_before(p_at timestamptz)
    returns table (
        last_id       bigint,
        last_money_id bigint
    )
    language plpgsql
    stable
    rows 1
    set search_path = ''
as $$
declare
    v_sealed public.book_months;
begin
    select * into v_sealed from public.book_months b order by b.month desc limit 1;
    -- Reads backwards over the rows since p_at: the time of a ledger row has no index, which each spend would pay for.
    return query select
        coalesce((
            select t.id
            from public.credit_transactions t
            where t.id > coalesce(v_sealed.last_id, 0)
                and t.created_at < p_at
            order by t.id desc
            limit 1
        ), v_sealed.last_id, 0),
        coalesce((
            select m.id
            from public.book_money m
            where m.id > coalesce(v_sealed.last_money_id, 0)
                and m.created_at < p_at
            order by m.id desc
            limit 1
        ), v_sealed.last_money_id, 0);
end
$$;

comment on function purse.last_ids_before(timestamptz) is
'The last rows of credit_transactions and book_money that were written before p_at, or those up to which the books are
sealed, if these come later.';
revoke all on function purse.last_ids_before(timestamptz) from public, anon, authenticated, service_role;

create function purse.book_range(
    p_month    date,
    p_timezone text
)
    returns public.book_months
    language plpgsql
    stable
    set search_path = ''
as $$
declare
    v_zone  text := purse.book_timezone(p_timezone);
    v_range public.book_months;
begin
    if p_month is null or extract(day from p_month) <> 1 then
        raise exception using errcode = 'PT422', message = 'name a month by its first day', detail = 'invalid_month';
    end if;
    select * into v_range from public.book_months b where b.month = p_month;
    if found then
        return v_range;
    end if;
    if exists (select from public.book_months b where b.month > p_month) then
        raise exception using
            errcode = 'PT409',
            message = 'the books begin with a later month',
            detail = 'month_before_books';
    end if;
    v_range.month := p_month;
    v_range.timezone := v_zone;
    -- Rows that came after a seal are in the month that follows it, even if they were written before that month.
    select b.last_id, b.last_money_id into v_range.after_id, v_range.after_money_id
    from public.book_months b
    where b.month = (p_month - interval '1 month')::date;
    if not found then
        select b.last_id, b.last_money_id into v_range.after_id, v_range.after_money_id
        from purse.last_ids_before(p_month::timestamp at time zone v_zone) b;
    end if;
    select b.last_id, b.last_money_id into v_range.last_id, v_range.last_money_id
    from purse.last_ids_before((p_month + interval '1 month')::timestamp at time zone v_zone) b;
    return v_range;
end
$$;

comment on function purse.book_range(date, text) is
'The rows of a month, as in book_months: as sealed, or else by their time, after what is sealed. sealed_at is null in an
unsealed month. Raises PT422 with invalid_month unless p_month is the first of a month, PT409 with month_before_books
if the books begin later; else as purse.book_timezone.';
revoke all on function purse.book_range(date, text) from public, anon, authenticated, service_role;

create function purse.seal_range(
    p_range public.book_months,
    p_by    text
)
    returns public.book_months
    language plpgsql
    set search_path = ''
as $$
begin
    p_range.sealed_by := p_by;
    p_range.sealed_at := clock_timestamp();
    -- One statement, so that the roll-forward does not see the new month: an empty one ends where it begins.
    with sealed as (
        insert into public.book_months select p_range.*
    )
    insert into public.book_figures
    select p_range.month, f.unit, f.test_mode, f.opening, f.sold, f.granted, f.used, f.expired, f.refunded, f.corrected,
        f.moved, f.written_off, f.repriced, f.closing, f.deferred, f.receivable
    from purse.roll_forward(p_range.after_id, p_range.last_id) f;
    return p_range;
end
$$;

comment on function purse.seal_range(public.book_months, text) is
'Stores a month with its roll-forward. No row with an id in its range may still be uncommitted.';
revoke all on function purse.seal_range(public.book_months, text) from public, anon, authenticated, service_role;

create function purse.wait_for_writers()
    returns void
    language plpgsql
    set search_path = ''
    -- While this waits for a table, whoever writes there waits behind it: for less than a spend waits (150 ms).
    set lock_timeout = '40ms'
as $$
begin
    -- The rollback of a block frees its table at once. So nobody waits for the other table, or for what is computed next.
    begin
        lock table public.credit_transactions in share mode;
        raise exception using errcode = 'PSEAL', message = 'the lock can go';
    exception
        when sqlstate 'PSEAL' then
            null;
    end;
    begin
        lock table public.book_money in share mode;
        raise exception using errcode = 'PSEAL', message = 'the lock can go';
    exception
        when sqlstate 'PSEAL' then
            null;
    end;
end
$$;

comment on function purse.wait_for_writers() is
'Waits until no row of credit_transactions or book_money is being written. A row gets its id before it is committed. After
this, a new statement sees every row up to the last id, and later rows have higher ids. Raises 55P03 (lock not available)
if a row, or a vacuum of the table, takes longer: try again.';
revoke all on function purse.wait_for_writers() from public, anon, authenticated, service_role;

-- Locks the books (advisory), and then for a moment each credit_transactions and book_money, one after the other. A
-- ledger row never locks the books.
create function public.seal_month(
    p_month    date,
    p_by       text,
    p_timezone text default 'UTC'
)
    returns jsonb
    language plpgsql
    security definer
    set search_path = ''
    set lock_timeout = '150ms'
    set statement_timeout = '60s'
as $$
declare
    v_range  public.book_months;
    v_next   date;
    v_is_new boolean := false;
begin
    perform purse.require_server();
    if coalesce(btrim(p_by), '') = '' then
        raise exception using errcode = 'PT422', message = 'sealing needs who does it', detail = 'unsigned';
    end if;
    perform pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('books', 0));
    v_range := purse.book_range(p_month, p_timezone);
    if v_range.sealed_at is null then
        v_next := (select max(b.month) + interval '1 month' from public.book_months b);
        if v_next <> p_month then
            raise exception using
                errcode = 'PT409',
                message = 'months are sealed one after the other',
                detail = 'next_month:' || v_next;
        end if;
        if (p_month + interval '1 month')::timestamp at time zone p_timezone > now() then
            raise exception using errcode = 'PT409', message = 'the month is not over', detail = 'month_not_over';
        end if;
        -- The range stays: of rows that came since, one may be committed while another with a lower id is being written.
        perform purse.wait_for_writers();
        v_range := purse.seal_range(v_range, p_by);
        v_is_new := true;
    end if;
    return jsonb_build_object(
        'month', v_range.month,
        'sealed_by', v_range.sealed_by,
        'sealed_at', v_range.sealed_at,
        'replayed', not v_is_new
    );
end
$$;

comment on function public.seal_month(date, text, text) is
'Seals a month of the books: stores which rows are in it, and its roll-forward. It cannot be undone. A row that comes
later belongs to a later month, whatever its time says. Nobody waits longer than for the rows that are being written.
p_month is its first day, p_timezone BOOKS_TIMEZONE, which the first seal fixes. Called again, it answers as the first time.
Returns {month, sealed_by, sealed_at, replayed}.
Raises PT409 with month_not_over, next_month:<day> if another month comes first, month_before_books, or
books_timezone_fixed:<zone> as detail; PT422 with invalid_month, unknown_timezone or unsigned.';
revoke all on function public.seal_month(date, text, text) from public, anon, authenticated, service_role;
grant execute on function public.seal_month(date, text, text) to service_role;

create function public.sum_book_days(p_timezone text default 'UTC')
    returns void
    language plpgsql
    security definer
    set search_path = ''
    set lock_timeout = '150ms'
    set statement_timeout = '60s'
as $$
declare
    v_today timestamp;
    v_month bigint;
begin
    perform purse.require_server();
    v_today := date_trunc('day', now() at time zone purse.book_timezone(p_timezone));
    perform pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('books', 0));
    perform purse.wait_for_writers();
    select b.last_id into v_month from purse.last_ids_before(date_trunc('month', v_today) at time zone p_timezone) b;
    -- A day ends where its month does, so that no day is in two months. What was there before the first day of all is
    -- not added up.
    if exists (select from purse.book_days) then
        perform purse.sum_days_to(v_month);
    end if;
    perform purse.sum_days_to(b.last_id, v_month) from purse.last_ids_before(v_today at time zone p_timezone) b;
end
$$;

comment on function public.sum_book_days(text) is
'Adds up the ledger rows of the days before today, so that reading and sealing the books is fast. Housekeeping only: the
figures are the same without it. Safe to repeat. p_timezone is BOOKS_TIMEZONE. Raises as purse.book_timezone.';
revoke all on function public.sum_book_days(text) from public, anon, authenticated, service_role;
grant execute on function public.sum_book_days(text) to service_role;

create function public.read_books(
    p_month    date,
    p_timezone text default 'UTC'
)
    returns jsonb
    language plpgsql
    stable
    security definer
    set search_path = ''
    set timezone = 'UTC'
    set statement_timeout = '60s'
as $$
declare
    v_range   public.book_months;
    v_figures jsonb;
begin
    perform purse.require_server();
    v_range := purse.book_range(p_month, p_timezone);
    if v_range.sealed_at is null then
        select jsonb_agg(to_jsonb(f) - 'month') into v_figures
        from purse.roll_forward(v_range.after_id, v_range.last_id) f;
    else
        select jsonb_agg(to_jsonb(f) - 'month' order by f.unit <> 'credits', f.unit, f.test_mode) into v_figures
        from public.book_figures f
        where f.month = p_month;
    end if;
    return to_jsonb(v_range) || jsonb_build_object(
        'last_stripe_id', (select coalesce(max(b.id), 0) from public.book_stripe b),
        'figures', v_figures,
        'is_over', (p_month + interval '1 month')::timestamp at time zone p_timezone <= now()
    );
end
$$;

comment on function public.read_books(date, text) is
'The roll-forward of a month, sealed or not. p_month is its first day, p_timezone BOOKS_TIMEZONE.
Returns {month, timezone, after_id, last_id, after_money_id, last_money_id, last_stripe_id: up to which book_stripe is read, sealed_by, sealed_at, is_over, figures: [rows as in
book_figures, without the month: credits first, then each currency]}; sealed_by and sealed_at are null until it is
sealed. Raises as purse.book_range.';
revoke all on function public.read_books(date, text) from public, anon, authenticated, service_role;
grant execute on function public.read_books(date, text) to service_role;
