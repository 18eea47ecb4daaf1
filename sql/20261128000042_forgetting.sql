-- Deleting an account, and everything personal with it. The ledger stays: its rows name an id that leads to
-- nobody any more. What lies outside the database (storage, Stripe, Supabase Auth) is deleted after this
-- transaction, by the caller; deleted_accounts remembers what is left to do.

create function purse.accounts_of(p_user_id uuid)
    returns uuid[]
    language sql
    stable
    set search_path = ''
as $$
    -- Ends: a purse never moves in a circle.
    with recursive theirs as (
        select p_user_id as user_id
        union
        select m.from_user_id
        from theirs t
        join public.purse_moves m on m.to_user_id = t.user_id
    )
    select array_agg(t.user_id order by t.user_id) from theirs t
$$;

comment on function purse.accounts_of(uuid) is
'The ids of a person, in order: their account, and the guests whose purses moved into it.';
revoke all on function purse.accounts_of(uuid) from public, anon, authenticated, service_role;

create function purse.erase_person(p_user_ids uuid[])
    returns void
    language plpgsql
    set search_path = ''
as $$
begin
    -- Stripe still has the customers. Their ids are kept until they are deleted there.
    update public.deleted_accounts d
    set customers = d.customers || c.customers,
        finished_at = null
    from (
        select f.user_id, jsonb_object_agg(f.customer_id, f.livemode) as customers
        from (
            select s.user_id, s.customer_id, s.livemode from public.stripe_customers s where s.user_id = any (p_user_ids)
            union
            select p.user_id, p.customer_id, p.livemode from public.purchases p where p.user_id = any (p_user_ids)
        ) f
        where f.customer_id is not null
        group by f.user_id
    ) c
    where d.user_id = c.user_id;
    delete from public.stripe_customers s where s.user_id = any (p_user_ids);
    update public.purchases p set customer_id = null where p.user_id = any (p_user_ids) and p.customer_id is not null;
    update public.signup_bonuses b set user_id = null where b.user_id = any (p_user_ids);
    update public.code_redemptions c set user_id = null where c.user_id = any (p_user_ids);
    delete from public.stripe_lookups l where l.user_id = any (p_user_ids);
    delete from public.request_counts r where r.user_id = any (p_user_ids);
    delete from public.mail_preferences m where m.user_id = any (p_user_ids);
    delete from public.offers o where o.user_id = any (p_user_ids);
    delete from public.person_notes n where n.user_id = any (p_user_ids);
    update public.grant_lines l set note = null where l.user_id = any (p_user_ids) and l.note is not null;
    delete from public.store_visits v where v.user_id = any (p_user_ids);
    delete from public.card_declines c
    using public.purchases p
    where p.id = c.purchase_id
        and p.user_id = any (p_user_ids);
    -- Callers chose these keys: they may name a document.
    update public.credit_holds h
    set idempotency_key = h.id::text
    where h.user_id = any (p_user_ids)
        and h.idempotency_key <> h.id::text;
    update public.refund_requests r
    set idempotency_key = r.id::text
    from public.purchases p
    where p.id = r.purchase_id
        and p.user_id = any (p_user_ids)
        and r.idempotency_key <> r.id::text;
end
$$;

comment on function purse.erase_person(uuid[]) is
'Removes what the ledger''s tables hold of a person beside amounts and ids. Safe to repeat. Files have a
function of their own (forget_files), because a fork may delete them.';
revoke all on function purse.erase_person(uuid[]) from public, anon, authenticated, service_role;

-- Locks, in this order, as move_purse does: rehearsals and the person's new orders (advisory), their purchases
-- by id, their rows in user_credits by id.
create function public.forget_user(
    p_user_id uuid,
    p_actor   text,
    p_reason  text,
    p_balance bigint default null
)
    returns jsonb
    language plpgsql
    security definer
    set search_path = ''
    set timezone = 'UTC'
    set lock_timeout = '2s'
as $$
declare
    v_user_ids uuid[];
    v_account  public.user_credits;
    v_credits  public.deleted_accounts;
    v_deleted  public.deleted_accounts;
    v_is_new   boolean := false;
begin
    perform purse.require_server();
    if p_user_id is null or coalesce(btrim(p_actor), '') = '' or coalesce(btrim(p_reason), '') = '' then
        raise exception using errcode = 'PT422', message = 'name the account, who deletes it, and why';
    end if;
    perform pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('rehearsal', 0));
    v_user_ids := purse.accounts_of(p_user_id);
    perform pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('begin_purchase:' || i.id, 0))
    from unnest(v_user_ids) i (id);
    -- Waits for orders that Stripe's facts are just creating (purse.lock_orders_of).
    perform pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('orders of:' || i.id, 0))
    from unnest(v_user_ids) i (id);
    perform from public.purchases p where p.user_id = any (v_user_ids) order by p.id for update;
    perform purse.open_account(i.id) from unnest(v_user_ids) i (id);

    select * into v_deleted from public.deleted_accounts d where d.user_id = p_user_id;
    if not found then
        v_is_new := true;
        -- Nobody is told that the balance of a deleted account is low.
        perform purse.keep_quiet(true);
        select * into strict v_account from public.user_credits u where u.user_id = p_user_id;
        if p_balance <> v_account.balance then
            raise exception using
                errcode = 'PT409',
                message = 'the balance has changed',
                detail = pg_catalog.format('balance_changed:%s', v_account.balance);
        end if;
        v_credits := purse.give_up_credits(p_user_id, p_actor, p_reason);
        insert into public.deleted_accounts (
            user_id, actor, reason, credits_given_up, debt_written_off, holds_released
        )
        select i.id, p_actor, p_reason,
            case when i.id = p_user_id then v_credits.credits_given_up else 0 end,
            case when i.id = p_user_id then v_credits.debt_written_off else 0 end,
            case when i.id = p_user_id then v_credits.holds_released else 0 end
        from unnest(v_user_ids) i (id)
        on conflict (user_id) do nothing;
        update public.user_credits u
        set deleted_at = d.deleted_at,
            lapses_at = null,
            low_threshold = null
        from public.deleted_accounts d
        where u.user_id = any (v_user_ids)
            and d.user_id = u.user_id;
        select * into strict v_deleted from public.deleted_accounts d where d.user_id = p_user_id;
    end if;
    perform purse.erase_person(v_user_ids);
    return jsonb_build_object(
        'user_ids', v_user_ids,
        'deleted_at', v_deleted.deleted_at,
        'credits_given_up', v_deleted.credits_given_up,
        'debt_written_off', v_deleted.debt_written_off,
        'holds_released', v_deleted.holds_released,
        'replayed', not v_is_new
    );
end
$$;

comment on function public.forget_user(uuid, text, text, bigint) is
'Deletes an account, and with it the guests whose purses moved into it: releases holds, brings the balance to 0,
removes what is personal, and refuses the ids from then on. Ledger rows and orders stay, without a name. The caller
then deletes the rest: see forgetting_work. p_actor and p_reason are kept in the ledger. p_balance is the balance
that the person was shown; null: whatever it is. Called again, it answers as the first time, and removes what came
in between.
Returns {user_ids, deleted_at, credits_given_up, debt_written_off, holds_released, replayed}.
Raises PT409 with balance_changed:<balance> as detail if p_balance is not the balance; PT422 without who and why.';
revoke all on function public.forget_user(uuid, text, text, bigint) from public, anon, authenticated, service_role;
grant execute on function public.forget_user(uuid, text, text, bigint) to service_role;

create function public.forgetting_work(p_user_id uuid)
    returns jsonb
    language sql
    stable
    security definer
    set search_path = ''
as $$
    select purse.require_server();
    select jsonb_build_object(
        'customers', d.customers,
        'email', (select a.email from auth.users a where a.id = d.user_id),
        'checkout_sessions', (
            select coalesce(jsonb_agg(o.checkout_session_id order by o.created_at desc), '[]'::jsonb)
            from purse.open_checkouts o
            where o.user_id = d.user_id
        )
    )
    from public.deleted_accounts d
    where d.user_id = p_user_id
$$;

comment on function public.forgetting_work(uuid) is
'What Stripe may still have of a deleted account: {customers: {id: livemode}, email or null,
checkout_sessions: [ids of open ones]}. Null if the account was not deleted.';
revoke all on function public.forgetting_work(uuid) from public, anon, authenticated, service_role;
grant execute on function public.forgetting_work(uuid) to service_role;

create function public.finish_forgetting(
    p_user_id   uuid,
    p_customers text[] default '{}'
)
    returns boolean
    language sql
    security definer
    set search_path = ''
    set lock_timeout = '150ms'
as $$
    select purse.require_server();
    update public.deleted_accounts d
    set customers = d.customers - p_customers,
        finished_at = case
            when d.customers - p_customers = '{}' and not exists (select from auth.users a where a.id = d.user_id)
                then coalesce(d.finished_at, clock_timestamp())
        end
    where d.user_id = p_user_id
    returning d.finished_at is not null
$$;

comment on function public.finish_forgetting(uuid, text[]) is
'Records which Stripe customers of a deleted account were deleted at Stripe. Customers that were recorded meanwhile
stay. If none is left and Supabase Auth has no such user, nothing is left to do. Returns whether that is so; null if
the account was not deleted.';
revoke all on function public.finish_forgetting(uuid, text[]) from public, anon, authenticated, service_role;
grant execute on function public.finish_forgetting(uuid, text[]) to service_role;

create function public.unfinished_forgettings(
    p_livemode boolean,
    p_limit    integer
)
    returns uuid[]
    language sql
    stable
    security definer
    set search_path = ''
as $$
    select purse.require_server();
    select coalesce(array_agg(u.user_id order by u.deleted_at, u.user_id), '{}')
    from (
        select d.user_id, d.deleted_at
        from public.deleted_accounts d
        where d.finished_at is null
            -- Not those of which only customers are left that another deployment's key has to delete.
            and (
                d.customers = '{}'
                or exists (select from jsonb_each(d.customers) c where c.value = to_jsonb(p_livemode))
                or exists (select from auth.users a where a.id = d.user_id)
            )
        order by d.deleted_at, d.user_id
        limit p_limit
    ) u
$$;

comment on function public.unfinished_forgettings(boolean, integer) is
'Deleted accounts of which something is left that a deployment can delete whose Stripe key is of this mode (null: it
has no key). The oldest deletion first, then by id.';
revoke all on function public.unfinished_forgettings(boolean, integer) from public, anon, authenticated, service_role;
grant execute on function public.unfinished_forgettings(boolean, integer) to service_role;

create function public.find_user(p_address text)
    returns uuid
    language sql
    stable
    security definer
    set search_path = ''
as $$
    select purse.require_server();
    -- Supabase Auth stores addresses in lower case, and phone numbers without the plus sign.
    select a.id
    from auth.users a
    where a.email = lower(btrim(p_address))
        or a.phone = ltrim(btrim(p_address), '+')
    order by a.email is null
    limit 1
$$;

comment on function public.find_user(text) is
'The id of the account with an e-mail address or phone number. Null if there is none.';
revoke all on function public.find_user(text) from public, anon, authenticated, service_role;
grant execute on function public.find_user(text) to service_role;
