-- What make doctor advises when somebody changed an account by hand: everything that follows from the ledger and the
-- holds is written anew.

create function purse.rewrite_account(p_user_id uuid)
    returns public.user_credits
    language plpgsql
    set search_path = ''
as $$
begin
    insert into public.user_credits (user_id) values (p_user_id) on conflict (user_id) do nothing;
    -- Not lock_account: it would write what is noted of the next lot, which may be wrong.
    perform from public.user_credits u where u.user_id = p_user_id for update;
    update public.credit_lot_rows l
    set remaining = coalesce(
            (
                select sum(e.credits)
                from public.credit_entries e
                where e.user_id = p_user_id
                    and e.lot_id = l.id
            ), 0
        ),
        held = coalesce(
            (
                select sum(e.credits)
                from public.credit_holds h
                join purse.hold_lots e on e.hold_id = h.id
                where h.user_id = p_user_id
                    and h.status = 'held'
                    and e.lot_id = l.id
            ), 0
        )
    where l.user_id = p_user_id;
    update public.user_credits u
    set balance = coalesce((select sum(t.amount) from public.credit_transactions t where t.user_id = p_user_id), 0),
        held = coalesce(h.credits, 0),
        has_held = h.has_held,
        lapses_at = least(
            h.first_deadline,
            (select min(l.expires_at) from public.credit_lot_rows l where l.user_id = p_user_id and l.remaining > l.held)
        ),
        next_lot_free = null,
        updated_at = clock_timestamp()
    from (
        select count(*) > 0 as has_held,
            sum(h.credits) filter (where h.status = 'held') as credits,
            min(h.expires_at) filter (where h.status = 'held') as first_deadline
        from public.credit_holds h
        where h.user_id = p_user_id
    ) h
    where u.user_id = p_user_id;
    return purse.lock_account(p_user_id);
end
$$;

comment on function purse.rewrite_account(uuid) is
'Writes an account and its lots anew from the ledger and the holds, which are right whatever somebody changed by hand:
balance, what is held, what each lot has left, when to look for expiry. Makes the account if there is none. Safe to repeat.
Returns the account.';
revoke all on function purse.rewrite_account(uuid) from public, anon, authenticated, service_role;
